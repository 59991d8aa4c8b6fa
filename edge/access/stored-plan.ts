import { createExpiringMap } from '../../shared/expiring-map.ts'
import { type Budget, spenderId } from '../budget/port.ts'
import type { Credential } from '../identity/principal.ts'
import { type Entitlement, payerOf } from './entitlement.ts'
import { PlanRefused } from './plan-refused.ts'

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

/** How long a remembered plan is assumed, in milliseconds. The store corrects a wrong one before it has an effect. */
const REMEMBERED_MS = 10_000

/**
 * Gives requests the plan that the account's record names, without a round trip for it. It assumes the plan last heard
 * of, else the token's. The reservation says when that is wrong; the request is then tried once more. What is assumed
 * never refuses: before a refusal that another plan could lift, the store is asked for the plan, and says too if the
 * account may do nothing at all.
 */
export function createStoredPlan({ entitle, planOf, now, capacity = 10_000 }: Options) {
  const remembered = createExpiringMap<string, { override: string | undefined }>({ capacity, now })

  function remember(account: string, override: string | undefined): void {
    remembered.set(account, { override }, now() + REMEMBERED_MS)
  }

  /**
   * The credential's entitlement by the plan that the store names now. It takes one round trip.
   * @throws what `planOf` and `entitle` throw: why the account may do nothing
   */
  async function storedEntitlement(credential: Credential): Promise<Entitlement> {
    const payer = payerOf(credential)
    const override = await planOf(payer)
    remember(spenderId(payer), override)
    return entitle(credential, override)
  }

  /** The entitlement to try again with after `error`; undefined where the error is final. */
  async function another(
    credential: Credential,
    error: unknown,
    tried: Entitlement | undefined,
  ): Promise<Entitlement | undefined> {
    if (error instanceof OtherPlanError) {
      remember(spenderId(payerOf(credential)), error.plan)
      return entitle(credential, error.plan)
    }
    if (!(error instanceof PlanRefused)) return undefined
    const stored = await storedEntitlement(credential)
    return stored.plan.id === tried?.plan.id ? undefined : stored
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
    const name = spenderId(payerOf(credential))
    async function run(entitlement: Entitlement): Promise<T> {
      const result = await attempt(entitlement)
      const { plan, spender } = entitlement
      // A plan that the token names itself is no override: the account's next token may name another.
      remember(name, plan.id === spender.plan ? undefined : plan.id)
      return result
    }
    let tried: Entitlement | undefined
    try {
      tried = entitle(credential, remembered.get(name)?.override)
      return await run(tried)
    } catch (error) {
      const right = await another(credential, error, tried)
      if (right === undefined) throw error
      return run(right)
    }
  }

  return { storedEntitlement, withStoredPlan }
}
