import {
  type Allowance,
  BUDGET_WINDOWS,
  type BudgetWindow,
  type Limits,
  type Refusal,
  type Reservation,
  type UsageReport,
} from './port.ts'

/** Counters as the scripts reply them: {code, running, requests, then used, held, ms to the end for each window}. */
type Counters = { code: string; running: number; allowance: Allowance; rest: unknown[] }

/** When a place among the running requests becomes free is unknown; a second is the shortest wait HTTP can name. */
const CONCURRENT_RETRY_MS = 1000

/**
 * Turns the reply of the reserve script into the answer to the caller.
 * @throws TypeError when the reply is not one that the script gives, so that no odd answer is taken for admission.
 */
export function decisionOf(reply: unknown, limits: Limits, units: number): Reservation | Refusal | 'id_used' {
  const code = Array.isArray(reply) ? reply[0] : undefined
  if (code === 'id_used') return code
  if (code === 'account_suspended')
    return { granted: false, code, window: undefined, retryAfterMs: undefined, allowance: undefined }

  const { allowance, rest } = countersOf(reply, limits)
  const refusal = { granted: false, window: undefined, allowance } as const
  switch (code) {
    case 'granted':
      return { granted: true, allowance }
    case 'rate_limited':
      return { ...refusal, code, retryAfterMs: allowance.requests.resetMs }
    case 'too_many_concurrent':
      return { ...refusal, code, retryAfterMs: CONCURRENT_RETRY_MS }
    case 'budget_exhausted': {
      const window = BUDGET_WINDOWS[wholeNumber(rest[0]) - 1]
      if (!window) throw new TypeError('the store named no window that is exhausted')
      const fitsOnceReset = BUDGET_WINDOWS.every((each) => units <= limits.budgets[each])
      const retryAfterMs = fitsOnceReset ? allowance.budgets[window].resetMs : undefined
      return { ...refusal, code, window, retryAfterMs }
    }
    default:
      throw new TypeError('the store gave no decision')
  }
}

/** Turns the reply of the usage script into a report. @throws TypeError when it is not one the script gives. */
export function usageOf(reply: unknown, limits: Limits): UsageReport {
  const { code, allowance, running } = countersOf(reply, limits)
  if (code !== 'usage') throw new TypeError('the store gave no usage')
  return { allowance, concurrent: { limit: limits.concurrent, running } }
}

/** @throws TypeError when `reply` is no whole number. */
export function wholeNumber(reply: unknown): number {
  if (typeof reply !== 'number' || !Number.isSafeInteger(reply))
    throw new TypeError('the store gave no whole number')
  return reply
}

function countersOf(reply: unknown, limits: Limits): Counters {
  if (!Array.isArray(reply)) throw new TypeError('the store gave no counters')
  const [code, running, requests, ...counters] = reply
  const budgets = {} as Record<BudgetWindow, Allowance['budgets'][BudgetWindow]>
  for (const [index, window] of BUDGET_WINDOWS.entries()) {
    const [used, held, resetMs] = counters.slice(3 * index, 3 * index + 3).map(wholeNumber)
    if (used === undefined || held === undefined || resetMs === undefined)
      throw new TypeError('the store left counters out')
    budgets[window] = { limit: limits.budgets[window], used, held, resetMs }
  }
  const limit = limits.requestsPerMinute
  const remaining = Math.max(0, limit - wholeNumber(requests))
  return {
    code: String(code),
    running: wholeNumber(running),
    allowance: { requests: { limit, remaining, resetMs: budgets.minute.resetMs }, budgets },
    rest: counters.slice(3 * BUDGET_WINDOWS.length),
  }
}
