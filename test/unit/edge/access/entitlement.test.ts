import { describe, expect, it } from 'vitest'
import { catalog, entitleBy } from '../../../fixtures/catalog.ts'
import { principal } from '../../../fixtures/principal.ts'

const somebody = principal()
const codeOf = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    return (error as { code: string }).code
  }
  return 'none'
}

describe('entitlement', () => {
  const entitle = entitleBy()

  it('gives a user without a plan the default plan, and the account of its issuer, project and subject', () => {
    const { spender, plan } = entitle(somebody)
    expect(spender).toEqual({ account: 'firebase:demo:u1', issuedAt: 1_795_000_000, plan: 'free' })
    expect(plan.id).toBe('free')
  })

  it.each([
    ['account_suspended', { status: 'suspended' }, {}],
    ['anonymous_not_allowed', { anonymous: true }, {}],
    ['email_unverified', { emailVerified: false }, {}],
    ['email_unverified', { emailVerified: false, issuer: 'supabase' }, { supabaseConfirmsEmail: false }],
    ['none', { emailVerified: false, issuer: 'supabase' }, {}],
    ['plan_unknown', { plan: 'platinum' }, {}],
    ['plan_unknown', { plan: '__proto__' }, {}],
  ] as const)('answers %s to %o', (code, who, policy) => {
    const run = entitleBy(catalog, policy)
    expect(codeOf(() => run({ ...somebody, ...who }))).toBe(code)
  })

  it('gives anonymous and unverified users the plan that configuration names, not the one they claim', () => {
    const lenient = entitleBy(catalog, { anonymousPlan: 'free', unverifiedEmailPlan: 'free' })
    expect(lenient({ ...somebody, anonymous: true, plan: 'pro' }).plan.id).toBe('free')
    expect(lenient({ ...somebody, emailVerified: false, plan: 'pro' }).plan.id).toBe('free')
  })

  it('suspends anonymous users too', () => {
    const lenient = entitleBy(catalog, { anonymousPlan: 'free' })
    expect(codeOf(() => lenient({ ...somebody, anonymous: true, status: 'suspended' }))).toBe(
      'account_suspended',
    )
  })

  it('narrows the plan by the credential, never widens it', () => {
    const embedOnly = entitle({ ...somebody, scopes: ['embed', 'tasks:text-classification'] })
    expect(codeOf(() => embedOnly.requireScope('embedding'))).toBe('none')
    expect(codeOf(() => embedOnly.requireScope('chat'))).toBe('scope_missing')
    expect(codeOf(() => embedOnly.requireScope('text-classification'))).toBe('scope_missing')
  })

  it('tells a model that is not there from one that the plan lacks', () => {
    const free = entitle(somebody)
    expect(codeOf(() => free.requireModel('gpt-9', 'chat'))).toBe('model_not_found')
    expect(codeOf(() => free.requireModel('twohop-embed', 'chat'))).toBe('model_not_found')
    expect(codeOf(() => free.requireModel('twohop-classify', 'text-classification'))).toBe(
      'model_not_allowed',
    )
    expect(free.requireModel(undefined, 'chat').id).toBe('twohop-chat')
    expect(codeOf(() => free.requireModel(undefined, 'text-classification'))).toBe('model_not_found')
  })
})
