import { secondsOfWait } from '../../shared/seconds.ts'
import { type Allowance, THRESHOLDS } from '../budget/port.ts'

/**
 * The headers `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10): the request rate, and units
 * a minute, a day and a month. Months have no fixed length, so that policy states no window. From 50 per cent on,
 * `x-budget-threshold` says which share of the day's and the month's budget is used: `day=80, month=50`.
 */
export function rateHeaders({ requests, budgets }: Allowance): Record<string, string> {
  const left = (budget: { limit: number; used: number; held: number }) =>
    Math.max(0, budget.limit - budget.used - budget.held)
  const reached = (['day', 'month'] as const).flatMap((window) => {
    const { limit, used } = budgets[window]
    const percent = limit > 0 && THRESHOLDS.findLast((share) => used * 100 >= limit * share)
    return percent ? [`${window}=${percent}`] : []
  })
  return {
    ...(reached.length > 0 && { 'x-budget-threshold': reached.join(', ') }),
    'ratelimit-policy': [
      `"requests";q=${requests.limit};w=60`,
      `"units-minute";q=${budgets.minute.limit};w=60`,
      `"units-day";q=${budgets.day.limit};w=86400`,
      `"units-month";q=${budgets.month.limit}`,
    ].join(', '),
    ratelimit: [
      `"requests";r=${Math.max(0, requests.remaining)};t=${secondsOfWait(requests.resetMs)}`,
      `"units-minute";r=${left(budgets.minute)};t=${secondsOfWait(budgets.minute.resetMs)}`,
      `"units-day";r=${left(budgets.day)};t=${secondsOfWait(budgets.day.resetMs)}`,
      `"units-month";r=${left(budgets.month)};t=${secondsOfWait(budgets.month.resetMs)}`,
    ].join(', '),
  }
}
