import { type Catalog, type Model, type Plan, scopeOf, type Task } from '../../shared/catalog.ts'
import { TwohopError } from '../../shared/errors.ts'
import type { Payer, Spender } from '../budget/port.ts'
import { accountOf, type Credential, type Principal } from '../identity/principal.ts'
import { PlanRefused } from './plan-refused.ts'

/** Plans for users without a proved identity; undefined refuses them. */
export type Policy = {
  anonymousPlan: string | undefined
  unverifiedEmailPlan: string | undefined
  /** Supabase's "Confirm email" is on, so nobody signs in there with an unproved address. */
  supabaseConfirmsEmail: boolean
}

/** What a credential may do: the account it spends for, and the plan, narrowed to the credential's own scopes. */
export type Entitlement = {
  spender: Spender
  plan: Plan
  /** @throws TwohopError scope_missing where the credential or the plan lacks the scope of the task, of jobs, or of versions */
  requireScope(task: Task | 'jobs' | 'versions'): void
  /**
   * The model that `id` names; without an id, the plan's first model for the task.
   * @throws TwohopError model_not_found, model_not_allowed or model_disabled
   */
  requireModel(id: string | undefined, task: Task): Model
  models(): Model[]
}

/**
 * Builds the decision "may this credential do that" from the catalog. It reads verified claims only, so it costs no
 * round trip. The reservation later checks what the store knows of the account or the API key.
 */
export function createEntitle(catalog: Catalog, policy: Policy) {
  const plans = new Map(catalog.plans.map((plan) => [plan.id, plan]))
  const models = new Map(catalog.models.map((model) => [model.id, model]))

  function planOf(id: string): Plan {
    const plan = plans.get(id)
    if (!plan)
      throw new PlanRefused('plan_unknown', 'The plan of this account is not one that is offered here.')
    return plan
  }

  /**
   * @param override the plan that the account's record names, if it is known to name one
   * @throws TwohopError account_suspended, anonymous_not_allowed, email_unverified or plan_unknown
   */
  return function entitle(credential: Credential, override?: string): Entitlement {
    const claimed =
      (credential.issuer === 'key' ? undefined : planIdOf(credential, policy)) ?? catalog.default_plan
    const plan = planOf(override ?? claimed)
    const offered = plan.models.flatMap((id) => models.get(id) ?? []).filter(({ disabled }) => !disabled)
    return {
      spender: { ...payerOf(credential), plan: claimed },
      plan,
      models: () => offered,
      requireScope(task) {
        const scope = task === 'jobs' || task === 'versions' ? task : scopeOf(task)
        if (!plan.scopes.includes(scope))
          throw new PlanRefused('scope_missing', `The plan ${plan.id} does not include the scope ${scope}.`)
        const own = credential.issuer === 'key' ? undefined : credential.scopes
        if (own && !own.includes(scope))
          throw new TwohopError('scope_missing', `This credential does not have the scope ${scope}.`)
      },
      requireModel(id, task) {
        // @huggingface/inference names its endpoint's URL where it names no model.
        if (id === undefined || /^https?:\/\//.test(id)) {
          const first = offered.find(({ tasks }) => tasks.includes(task))
          if (first) return first
          throw new PlanRefused('model_not_found', `The plan ${plan.id} has no model for ${task}.`)
        }
        const model = models.get(id)
        if (!model?.tasks.includes(task))
          throw new TwohopError(
            'model_not_found',
            `There is no model of that name for ${task}; GET /v1/models lists yours.`,
            { param: 'model' },
          )
        if (!plan.models.includes(id))
          throw new PlanRefused(
            'model_not_allowed',
            `The plan ${plan.id} does not include the model ${id}.`,
            { param: 'model' },
          )
        if (model.disabled)
          throw new TwohopError('model_disabled', `The model ${id} is switched off right now.`, {
            param: 'model',
          })
        return model
      },
    }
  }
}

/** Who pays for a credential, as the store identifies it. */
export function payerOf(credential: Credential): Payer {
  if (credential.issuer === 'key') return { key: credential.id, secretHash: credential.secretHash, scope: '' }
  return { account: accountOf(credential), issuedAt: credential.issuedAt }
}

function planIdOf(principal: Principal, policy: Policy): string | undefined {
  if (principal.status === 'suspended')
    throw new TwohopError('account_suspended', 'This account is suspended.')
  if (principal.anonymous) {
    if (policy.anonymousPlan) return policy.anonymousPlan
    throw new TwohopError(
      'anonymous_not_allowed',
      'Anonymous users are not served here; sign in with an account.',
    )
  }
  const proved = principal.emailVerified || (principal.issuer === 'supabase' && policy.supabaseConfirmsEmail)
  if (!proved) {
    if (policy.unverifiedEmailPlan) return policy.unverifiedEmailPlan
    throw new TwohopError('email_unverified', 'Confirm your e-mail address, then sign in again.')
  }
  return principal.plan
}
