import { secondsOfWait } from '../../shared/seconds.ts'
import type { Entitlement } from '../access/entitlement.ts'
import type { UsageReport } from '../budget/port.ts'

/** `GET /v1/usage`: the caller's own counters and limits. Units are whole numbers, times are seconds from now. */
export function usageAnswer({ plan }: Entitlement, { account, allowance, concurrent }: UsageReport) {
  return {
    object: 'usage',
    account,
    plan: plan.id,
    requests: {
      limit: allowance.requests.limit,
      remaining: allowance.requests.remaining,
      resets_in: secondsOfWait(allowance.requests.resetMs),
    },
    concurrent,
    units: Object.fromEntries(
      Object.entries(allowance.budgets).map(([window, { limit, used, held, resetMs }]) => [
        window,
        { limit, used, held, remaining: Math.max(0, limit - used - held), resets_in: secondsOfWait(resetMs) },
      ]),
    ),
    limits: plan.limits,
  }
}
