import { anomalyOf } from './anomaly.ts'
import {
  type Allowance,
  BUDGET_WINDOWS,
  type BudgetWindow,
  type Crossing,
  type Limits,
  type OtherPlan,
  type Refusal,
  type Reservation,
  type SaidBefore,
  SPENDER_REFUSALS,
  type SpenderRefusal,
  THRESHOLDS,
  type UsageReport,
} from './port.ts'

/** Counters as the scripts return them: {code, account, running, requests, then four numbers for each window}. */
type Counters = { account: string; running: number; allowance: Allowance; rest: unknown[] }

/** Nobody knows when one of the running requests will end. A second is the shortest wait that HTTP can name. */
const CONCURRENT_RETRY_MS = 1000
/** The wait that is named where the account's open jobs are too many: a job takes longer than a request. */
const JOB_RETRY_MS = 10_000

/**
 * Turns the reply of the reserve script into the decision for the caller.
 * @throws TypeError when the reply is not one that the script gives, so that no unexpected reply is taken for admission
 */
export function decisionOf(
  reply: unknown,
  limits: Limits,
  units: number,
): Reservation | Refusal | OtherPlan | SaidBefore | 'id_used' {
  const code = codeOf(reply)
  if (code === 'id_used') return code
  const barred = otherPlanOf(reply) ?? spenderRefusalOf(reply) ?? saidBeforeOf(reply)
  if (barred) return barred

  const { account, allowance, rest } = countersOf(reply, limits)
  const refusal = { granted: false, window: undefined, allowance } as const
  switch (code) {
    case 'granted':
      return { granted: true, account, allowance, ...cachedOf(rest), ...oddOf(rest) }
    case 'challenge_required':
      return { ...refusal, code, retryAfterMs: undefined, anomaly: anomalyOf(rest[0]) }
    case 'rate_limited':
      return { ...refusal, code, retryAfterMs: allowance.requests.resetMs }
    case 'too_many_concurrent':
      return { ...refusal, code, retryAfterMs: CONCURRENT_RETRY_MS }
    case 'too_many_jobs':
    case 'jobs_not_served':
      return { ...refusal, code, retryAfterMs: JOB_RETRY_MS }
    case 'job_storage_full':
    case 'job_store_full':
      return { ...refusal, code, retryAfterMs: Math.max(JOB_RETRY_MS, wholeNumber(rest[0])) }
    case 'budget_exhausted': {
      const window = windowOf(rest[0])
      // The longest exhausted window is named, so it fits in the longer ones.
      const shorter = BUDGET_WINDOWS.slice(0, BUDGET_WINDOWS.indexOf(window) + 1)
      const fitsOnceReset = shorter.every((each) => units <= limits.budgets[each])
      const retryAfterMs = fitsOnceReset ? allowance.budgets[window].resetMs : undefined
      const passesSoon = window === 'minute' && fitsOnceReset
      return { ...refusal, code: passesSoon ? 'budget_minute_exhausted' : code, window, retryAfterMs }
    }
    case 'project_budget_exhausted':
      return { ...refusal, code, window: windowOf(rest[0]), retryAfterMs: wholeNumber(rest[1]) }
    default:
      throw new TypeError('the store gave no decision')
  }
}

/** An answer that is given again, behind the counters; nothing where there is none. */
function cachedOf([cost, answer]: readonly unknown[]) {
  return typeof answer === 'string' ? { cached: { answer, units: wholeNumber(cost) } } : {}
}

/** What is granted although it is odd: one more word at the end, behind the two of an answer that is given again. */
function oddOf(rest: readonly unknown[]) {
  return rest.length % 2 === 1 ? { anomaly: anomalyOf(rest.at(-1)) } : {}
}

/** Turns the reply of the usage script into a report. @throws TypeError when it is not one that the script gives */
export function usageOf(reply: unknown, limits: Limits): UsageReport | OtherPlan | Refusal {
  const barred = otherPlanOf(reply) ?? spenderRefusalOf(reply)
  if (barred) return barred
  if (codeOf(reply) !== 'usage') throw new TypeError('the store gave no usage')
  const { account, allowance, running } = countersOf(reply, limits)
  return { account, allowance, concurrent: { limit: limits.concurrent, running } }
}

/**
 * Turns the reply of settle and sweep into their count and the thresholds crossed.
 * @throws TypeError for any other reply
 */
export function chargedOf(reply: unknown): { count: number; crossed: Crossing[] } {
  if (!Array.isArray(reply)) throw new TypeError('the store gave no count')
  const [count, ...crossed] = reply
  return { count: wholeNumber(count), crossed: crossed.map(crossingOf) }
}

function crossingOf(reply: unknown): Crossing {
  const [account, window, period, share, used, limit] = Array.isArray(reply) ? reply : []
  if (window !== 'day' && window !== 'month') throw new TypeError('the store named no window')
  const percent = THRESHOLDS.find((known) => known === share)
  if (percent === undefined) throw new TypeError('the store named no threshold')
  return {
    account: account === '' ? undefined : String(account),
    window,
    period: String(period),
    percent,
    used: wholeNumber(used),
    limit: wholeNumber(limit),
  }
}

const codeOf = (reply: unknown): unknown => (Array.isArray(reply) ? reply[0] : undefined)

function otherPlanOf(reply: unknown): OtherPlan | undefined {
  if (!Array.isArray(reply) || reply[0] !== 'plan_is') return undefined
  return { granted: false, code: 'plan_is', plan: String(reply[1]) }
}

/** Why a script refused the caller, whatever was asked; undefined for any other reply. */
function spenderRefusalOf(reply: unknown): (Refusal & { code: SpenderRefusal }) | undefined {
  return refusalOf(reply, SPENDER_REFUSALS)
}

/** The same of a script that does an act, which a challenge stops too. */
export function actingRefusalOf(reply: unknown): Refusal | undefined {
  return spenderRefusalOf(reply) ?? refusalOf(reply, ['challenge_required'])
}

function refusalOf<Code extends Refusal['code']>(reply: unknown, codes: readonly Code[]) {
  const code = codes.find((known) => known === codeOf(reply))
  if (!code) return undefined
  const refusal = {
    granted: false,
    code,
    window: undefined,
    retryAfterMs: undefined,
    allowance: undefined,
  } as const
  // More than the code is said of a score: by the step that has just suspended the account, or that a challenge stopped.
  const more = Array.isArray(reply) && reply.length > 1 ? { anomaly: anomalyOf(reply.at(-1)) } : {}
  return { ...refusal, ...more }
}

/** What a script says of an idempotency key that was used before; undefined for any other reply. */
export function saidBeforeOf(reply: unknown): SaidBefore | undefined {
  const code = codeOf(reply)
  if (code === 'idempotency_in_progress' || code === 'idempotency_key_reused') return { granted: false, code }
  if (!Array.isArray(reply) || code !== 'answered') return undefined
  return { granted: false, code, answer: String(reply[1]) }
}

function windowOf(reply: unknown): BudgetWindow {
  const window = BUDGET_WINDOWS[wholeNumber(reply) - 1]
  if (!window) throw new TypeError('the store named no window that is exhausted')
  return window
}

/** @throws TypeError when `reply` is no whole number */
export function wholeNumber(reply: unknown): number {
  if (typeof reply !== 'number' || !Number.isSafeInteger(reply))
    throw new TypeError('the store gave no whole number')
  return reply
}

/** A grant may lift a limit above the largest safe whole number. It is cut to that: nobody ever spends as much. */
export function wholeLimit(reply: unknown): number {
  return wholeNumber(typeof reply === 'number' ? Math.min(reply, Number.MAX_SAFE_INTEGER) : reply)
}

function countersOf(reply: unknown, limits: Limits): Counters {
  if (!Array.isArray(reply)) throw new TypeError('the store gave no counters')
  const [, account, running, requests, ...counters] = reply
  if (typeof account !== 'string' || account === '') throw new TypeError('the store named no account')
  const budgets = {} as Record<BudgetWindow, Allowance['budgets'][BudgetWindow]>
  for (const [index, window] of BUDGET_WINDOWS.entries()) {
    const [most, ...numbers] = counters.slice(4 * index, 4 * index + 4)
    const [used, held, resetMs] = numbers.map(wholeNumber)
    if (used === undefined || held === undefined || resetMs === undefined)
      throw new TypeError('the store left counters out')
    budgets[window] = { limit: wholeLimit(most), used, held, resetMs }
  }
  const limit = limits.requestsPerMinute
  const remaining = Math.max(0, limit - wholeNumber(requests))
  return {
    account,
    running: wholeNumber(running),
    allowance: { requests: { limit, remaining, resetMs: budgets.minute.resetMs }, budgets },
    rest: counters.slice(4 * BUDGET_WINDOWS.length),
  }
}
