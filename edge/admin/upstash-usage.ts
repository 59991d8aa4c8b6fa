import { orUnavailable, runScript, type UpstashOptions, upstashClient } from '../../shared/upstash-client.ts'
import { wholeLimit } from '../budget/allowance.ts'
import { BUDGET_WINDOWS } from '../budget/port.ts'
import { accountRedisKey } from '../store/redis-keys.ts'
import { ACCOUNT_USAGE } from './usage.lua.ts'
import type { AccountUsage, ReadUsage } from './usage.ts'

type Options = UpstashOptions & {
  /** Milliseconds since the epoch, instead of Redis's own clock. For tests only. */
  clock?: () => number
}

/** Accounts' counters in Upstash Redis, over HTTP: one round trip. */
export function createUpstashUsage({ clock = () => 0, ...options }: Options): ReadUsage {
  const redis = upstashClient(options)
  return function readUsage(account, { billingDay, budgets }) {
    const limits = BUDGET_WINDOWS.map((window) => budgets?.[window] ?? -1)
    const args = [clock(), account, billingDay, ...limits].map(String)
    return orUnavailable(async () =>
      usageOf(await runScript(redis, { script: ACCOUNT_USAGE, keys: [accountRedisKey(account)], args })),
    )
  }
}

function usageOf(reply: unknown): AccountUsage {
  if (!Array.isArray(reply)) throw new TypeError('the store gave no counters')
  const [running, requests, ...counters] = reply.map(wholeLimit)
  const budgets = {} as AccountUsage['budgets']
  for (const [i, window] of BUDGET_WINDOWS.entries()) {
    const [limit, used, held, resetMs] = counters.slice(4 * i)
    if (limit === undefined || used === undefined || held === undefined || resetMs === undefined)
      throw new TypeError('the store left counters out')
    budgets[window] = { limit: limit < 0 ? undefined : limit, used, held, resetMs }
  }
  return { running: running ?? 0, requestsThisMinute: requests ?? 0, budgets }
}
