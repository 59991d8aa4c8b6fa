import { createEntitle } from '../../../edge/access/entitlement.ts'
import defaults from '../../../shared/catalog.json' with { type: 'json' }
import { Catalog } from '../../../shared/catalog.ts'

export const catalog = Catalog.parse(defaults)

/** What a verified user of `plan` may do, by the shipped catalog or by `models`; `scopes` are those that the token has. */
export const entitledTo = (plan: string, models = catalog, scopes?: readonly string[]) =>
  createEntitle(models, {
    anonymousPlan: undefined,
    unverifiedEmailPlan: undefined,
    supabaseConfirmsEmail: true,
  })({
    issuer: 'firebase',
    project: 'demo',
    subject: 'u1',
    issuedAt: 1_795_000_000,
    anonymous: false,
    emailVerified: true,
    plan,
    status: 'active',
    roles: [],
    scopes,
  })

/** The code and the field with which `run` refuses; `'none'` where it does not. */
export const refusal = (run: () => unknown) => {
  try {
    run()
  } catch (error) {
    const { code, param } = error as { code: string; param?: string }
    return [code, param]
  }
  return 'none'
}
