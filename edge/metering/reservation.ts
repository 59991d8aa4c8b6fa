import { type Model, scopeOf } from '../../shared/catalog.ts'
import { unitsOf } from '../../shared/units.ts'
import type { Entitlement } from '../access/entitlement.ts'
import type { Limits, ReserveRequest } from '../budget/port.ts'
import { JUDGE_MS } from '../parse/judged.ts'
import { scopesOfWork } from '../parse/version.ts'
import type { Work } from '../parse/work.ts'

/** How long a request may compute and be held, in milliseconds. */
export type HoldTimes = {
  /** From the reservation to the host's deadline. */
  requestTimeoutMs: number
  /** How much longer its lease lives, so that the sweep never takes a request that still runs. */
  leaseSlackMs: number
}

/** What only the moment knows of a request: whether it is a repetition, is watched, or may be given again. */
type Moment = Pick<ReserveRequest, 'requestId' | 'version' | 'idempotency' | 'watched' | 'cache'>

/** What a request asks of the budget: all that it may cost, its further tries and its judges included. */
export function reservationOf(
  moment: Moment,
  { spender, plan }: Entitlement,
  work: Work,
  { requestTimeoutMs, leaseSlackMs }: HoldTimes,
): ReserveRequest {
  const { prices, tries = 1 } = work.model
  const computeMs = computeMsHeld(work, requestTimeoutMs)
  return {
    ...moment,
    // An API key's scopes are in its record only, so the store checks them.
    spender: 'key' in spender ? { ...spender, scope: scopesOfWork(scopeOf(work.task), work) } : spender,
    units: tries * unitsOf(prices, { ...work.worst, computeMs }) + judgeUnits(work, requestTimeoutMs),
    plan: plan.id,
    limits: limitsOf(plan),
    leaseMs: requestTimeoutMs + leaseSlackMs + (work.judged ? JUDGE_MS : 0),
    model: work.model.id,
    task: work.task,
  }
}

/** Compute milliseconds that one try holds: up to its deadline; 0 where the model's compute has no price. */
export function computeMsHeld({ model }: Pick<Work, 'model'>, requestTimeoutMs: number): number {
  return model.prices.compute_second === 0 ? 0 : requestTimeoutMs
}

/** The most that judging a request and its answer may cost, in units. */
function judgeUnits({ judged, answerJudged }: Work, requestTimeoutMs: number): number {
  const unitsFor = (model: Model, promptTokens: number, ms: number) =>
    unitsOf(model.prices, { promptTokens, outputTokens: 0, computeMs: computeMsHeld({ model }, ms) })
  return (
    (judged ? unitsFor(judged.work.model, judged.work.worst.promptTokens, JUDGE_MS) : 0) +
    // One after the other, before the request's own deadline.
    (answerJudged
      ? unitsFor(answerJudged.model, answerJudged.pieces * answerJudged.model.context, requestTimeoutMs)
      : 0)
  )
}

/** A plan's limits in the budget's form. */
export function limitsOf(plan: Entitlement['plan']): Limits {
  return {
    requestsPerMinute: plan.limits.requests_per_minute,
    concurrent: plan.limits.concurrent,
    budgets: plan.budgets,
    billingDay: plan.billing_day,
  }
}
