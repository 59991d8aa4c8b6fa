import { type ErrorCode, TwohopError } from '../../shared/errors.ts'
import { createExpiringMap } from '../../shared/expiring-map.ts'
import { type Budget, spenderId } from '../budget/port.ts'
import type { Credential } from '../identity/principal.ts'
import { type Entitlement, payerOf } from './entitlement.ts'

/** The account's record names another plan than the one that was assumed. */
export class OtherPlanError extends Error {
  readonly plan: string

  constructor(plan: string) {
    super(`the account's plan is ${plan}`)
    this.name = 'OtherPlanError'
    this.plan = plan
  }
}

type Options = {
  entitle: (credential: Credential, override?: string) => Entitlement
  planOf: Budget['plan']
  /** Milliseconds of any clock that runs evenly. */
  now: () => number
  /** Accounts remembered at most; default 10,000, some 2 MB. */
  capacity?: number
}

/** How long a remembered plan is assumed, in milliseconds. Every reservation corrects a wrong one. */
const REMEMBERED_MS = 10_000

/** Refusals that another plan could lift. None is final before the store has been asked for the plan. */
const OF_A_PLAN: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'plan_unknown',
  'scope_missing',
  'model_not_found',
  'model_not_allowed',
  'invalid_request',
])

/**
 * Gives requests the plan that the account's record names, without a round trip for it. It assumes the plan last heard
 * of, else the token's. The reservation says when that is wrong; the request is then tried once more. The store is
 * asked separately only if the assumed plan refuses the request and nothing is remembered.
 */
export function createStoredPlan({ entitle, planOf, now, capacity = 10_000 }: Options) {
  const remembered = createExpiringMap<string, { override: string | undefined }>({ capacity, now })
  const recall = (account: string) => remembered.get(account)

  function remember(account: string, override: string | undefined): void {
    remembered.set(account, { override }, now() + REMEMBERED_MS)
  }

  /** The plan to try again with after `error`; undefined where the error is final. */
  async function another(credential: Credential, error: unknown): Promise<string | undefined> {
    const payer = payerOf(credential)
    const name = spenderId(payer)
    if (error instanceof OtherPlanError) {
      remember(name, error.plan)
      return error.plan
    }
    const final = !(error instanceof TwohopError) || !OF_A_PLAN.has(error.code)
    if (final || recall(name)) return undefined
    const override = await planOf(payer)
    remember(name, override)
    return override
  }

  /**
   * The credential's entitlement by the plan that the store names. It takes one round trip where the plan is not
   * remembered, and always for an API key, because only the store knows whether the key is valid.
   */
  async function storedEntitlement(credential: Credential): Promise<Entitlement> {
    const payer = payerOf(credential)
    const name = spenderId(payer)
    const known = credential.issuer === 'key' ? undefined : recall(name)
    if (known) return entitle(credential, known.override)
    const override = await planOf(payer)
    remember(name, override)
    return entitle(credential, override)
  }

  /**
   * Runs `attempt` with the credential's entitlement; `attempt` asks the store. Runs it once more where the account has
   * another plan.
   * @throws what `entitle` and `attempt` throw
   */
  async function withStoredPlan<T>(
    credential: Credential,
    attempt: (entitlement: Entitlement) => Promise<T>,
  ): Promise<T> {
    const run = async (override: string | undefined) => {
      const entitlement = entitle(credential, override)
      const result = await attempt(entitlement)
      remember(spenderId(payerOf(credential)), entitlement.plan.id)
      return result
    }
    try {
      return await run(recall(spenderId(payerOf(credential)))?.override)
    } catch (error) {
      const plan = await another(credential, error)
      if (plan === undefined) throw error
      return run(plan)
    }
  }

  return { storedEntitlement, withStoredPlan }
}
