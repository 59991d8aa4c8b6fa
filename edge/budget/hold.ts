import { type ErrorCode, TwohopError } from '../../shared/errors.ts'
import { unitsOf } from '../../shared/units.ts'
import type { Entitlement } from '../access/entitlement.ts'
import type { Work } from '../parse/work.ts'
import type { HostUsage } from '../upstream/port.ts'
import type { Allowance, Budget, Limits, Outcome, Refusal, ReserveRequest } from './port.ts'

/** Proof that the worst case of a request is reserved. Without one no call to the host compiles. */
export type Held = {
  requestId: string
  account: string
  /** The account's share of a busy host, from its plan. */
  weight: number
  work: Work
  allowance: Allowance
  /** Replaces the hold by what was used; only the first call does anything. */
  settle(outcome: Outcome, used: HostUsage | undefined): void
}

type Options = {
  budget: Budget
  /** How long a lease lives, in milliseconds: longer than any request, so that none is swept while it runs. */
  leaseMs: number
}

const NOTHING: HostUsage = { promptTokens: 0, outputTokens: 0, computeMs: 0 }

/**
 * Reserves the worst case of a request, or refuses it.
 * @param background keeps work alive after the answer: settlement is off the response path
 * @throws TwohopError with the refusal's code, or store_unavailable
 */
export function createHold({ budget, leaseMs }: Options) {
  return async function hold(
    requestId: string,
    { account, plan }: Entitlement,
    work: Work,
    background: (task: Promise<unknown>) => void,
  ): Promise<Held> {
    const request: ReserveRequest = {
      requestId,
      account,
      units: work.worst.units,
      limits: limitsOf(plan),
      leaseMs,
      model: work.model.id,
      task: work.task,
      plan: plan.id,
    }
    const settlement = async (outcome: Outcome, used: HostUsage) =>
      budget.settle({
        requestId,
        account,
        units: unitsOf(work.model.prices, used),
        promptTokens: used.promptTokens,
        outputTokens: used.outputTokens,
        computeMs: used.computeMs,
        outcome,
      })

    const decision = await budget.reserve(request).catch((error: unknown) => {
      // The hold may exist although its answer was lost: a settlement of nothing frees it, or bars it if it comes late.
      if (error instanceof TwohopError && error.code === 'store_unavailable')
        background(settlement('refused', NOTHING).catch(() => {}))
      throw error
    })
    if (!decision.granted) throw refused(decision)

    const settled = Promise.withResolvers<void>()
    background(settled.promise)
    let open = true
    return {
      requestId,
      account,
      weight: plan.weight,
      work,
      allowance: decision.allowance,
      settle(outcome, used) {
        if (!open) return
        open = false
        // A settlement that fails for good is left to the sweep, which charges the whole hold.
        settlement(outcome, used ?? NOTHING)
          .catch(() => {})
          .finally(settled.resolve)
      },
    }
  }
}

/** A refusal of the budget's, with the allowance that it was judged by. */
export class BudgetRefused extends TwohopError {
  readonly allowance: Allowance | undefined

  constructor(
    code: ErrorCode,
    message: string,
    retryAfterMs: number | undefined,
    allowance: Allowance | undefined,
  ) {
    super(code, message, retryAfterMs === undefined ? {} : { retryAfterMs })
    this.allowance = allowance
  }
}

function refused({ code, window, retryAfterMs, allowance }: Refusal): BudgetRefused {
  const message = {
    account_suspended: 'This account is suspended.',
    rate_limited: 'Too many requests this minute; wait for the time in Retry-After.',
    too_many_concurrent: 'Too many requests of this account are under way; wait for one to end.',
    budget_exhausted: `The most that this request can cost does not fit in what is left of this ${window}'s budget.`,
  }[code]
  return new BudgetRefused(code, message, retryAfterMs, allowance)
}

/** What a plan lets an account spend, as the budget wants it. */
export function limitsOf(plan: Entitlement['plan']): Limits {
  return {
    requestsPerMinute: plan.limits.requests_per_minute,
    concurrent: plan.limits.concurrent,
    budgets: plan.budgets,
  }
}
