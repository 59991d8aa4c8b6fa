import { upstashClient } from '../../shared/upstash-client.ts'
import { BUDGET_PREFIX, KEYS } from '../budget/keys.ts'
import { usageEventOf } from './event.ts'
import type { Counters, UnitsByWindow } from './reconcile.ts'
import { entryList, LEDGER_TIMEOUT_MS, type LedgerRedis, orUnavailable } from './upstash.ts'

/** Keys, counters or entries in one round trip. */
const PAGE = 1000

/** A counter's key: any account, then its window's name of fixed form (edge/budget/keys.ts). */
const COUNTER = /^twohop:budget:(.+):((?:month:\d{4}-\d\d(?:-\d\d)?|day:\d{4}-\d\d-\d\d))$/s

/** The budget's counters and the undrained events in Upstash Redis. Looks at every key there is: for a command. */
export function createUpstashCounters({ timeoutMs = LEDGER_TIMEOUT_MS, ...where }: LedgerRedis): Counters {
  const redis = upstashClient({ ...where, timeoutMs })

  async function keysLike(pattern: string): Promise<string[]> {
    const keys = new Set<string>()
    let cursor = '0'
    do {
      const [next, found] = await redis.scan(cursor, { match: pattern, count: PAGE })
      for (const key of found) keys.add(key)
      cursor = String(next)
    } while (cursor !== '0')
    return [...keys]
  }

  return {
    used: (month) =>
      orUnavailable(async () => {
        const keys = [
          // Once each: an account may be called as a window is, and match both patterns.
          ...new Set([
            ...(await keysLike(`twohop:budget:*:month:${month}*`)),
            ...(await keysLike(`twohop:budget:*:day:${month}-*`)),
          ]),
        ]
        const used: UnitsByWindow = new Map()
        for (let from = 0; from < keys.length; from += PAGE) {
          const page = keys.slice(from, from + PAGE)
          // Of one tick, so they share a request.
          const units = await Promise.all(page.map((key) => redis.hget<string>(key, 'used')))
          for (const [at, key] of page.entries()) {
            const [, account, window] = COUNTER.exec(key) ?? []
            if (account && window?.includes(`:${month}`)) add(used, account, window, Number(units[at] ?? 0))
          }
        }
        return used
      }),

    waiting: (month) =>
      orUnavailable(async () => {
        const waiting: UnitsByWindow = new Map()
        for (let after = '-'; ; ) {
          const entries = entryList(await redis.xrange(KEYS.events, after, '+', PAGE))
          for (const { fields = {} } of entries) {
            const event = usageEventOf(fields)
            if ('wrong' in event) continue
            const day = new Date(event.reserved_at).toISOString().slice(0, 10)
            for (const window of [`month:${event.charged_month}`, `day:${day}`])
              if (window.includes(`:${month}`)) add(waiting, event.account_id, window, event.units)
          }
          const last = entries.at(-1)
          if (!last || entries.length < PAGE) return waiting
          after = `(${last.id}`
        }
      }),

    async add(account, window, units, keptUntil) {
      const key = `${BUDGET_PREFIX}${account}:${window}`
      await orUnavailable(() => redis.eval(ADD_LUA, [key], [units, keptUntil].map(String)))
    },
  }
}

/** One step, so that a request in between neither loses its units nor leaves a key that never ends. */
const ADD_LUA = `
redis.call('HINCRBY', KEYS[1], 'used', ARGV[1])
if redis.call('PTTL', KEYS[1]) == -1 then redis.call('PEXPIREAT', KEYS[1], ARGV[2]) end
return 1
`

function add(units: UnitsByWindow, account: string, window: string, more: number): void {
  const windows = units.get(account) ?? new Map<string, number>()
  units.set(account, windows)
  windows.set(window, (windows.get(window) ?? 0) + more)
}
