import { listOf, runScript, upstashClient } from '../../shared/upstash-client.ts'
import { BUDGET_PREFIX, PROJECT_PREFIX, REDIS_KEYS } from '../store/redis-keys.ts'
import { ADD_UNITS } from './add-units.lua.ts'
import { usageEventOf } from './event.ts'
import { type Counters, daysOf, PROJECT, type UnitsByWindow } from './reconcile.ts'
import { entryList, LEDGER_TIMEOUT_MS, type LedgerRedis, orUnavailable } from './upstash-group.ts'

/** How many keys, counters or entries one round trip reads. */
const PAGE = 1000

/** A counter's redis key: any account, then a window's name of fixed form (edge/store/redis-keys.ts). */
const COUNTER = /^twohop:budget:(.+):((?:month:\d{4}-\d\d(?:-\d\d)?|day:\d{4}-\d\d-\d\d))$/s

/** The budget's counters and the undrained events in Upstash Redis. It scans every key: for commands only. */
export function createUpstashCounters({ timeoutMs = LEDGER_TIMEOUT_MS, ...where }: LedgerRedis): Counters {
  const redis = upstashClient({ ...where, timeoutMs })

  async function redisKeysLike(pattern: string): Promise<string[]> {
    const found = new Set<string>()
    let cursor = '0'
    do {
      const [next, page] = listOf(await redis.command('SCAN', cursor, 'MATCH', pattern, 'COUNT', PAGE))
      for (const key of listOf(page)) found.add(String(key))
      cursor = String(next)
    } while (cursor !== '0')
    return [...found]
  }

  return {
    used: (month) =>
      orUnavailable(async () => {
        const redisKeys = [
          // Each key once: an account's name may look like a window, and then its key matches both patterns.
          ...new Set([
            ...(await redisKeysLike(`twohop:budget:*:month:${month}*`)),
            ...(await redisKeysLike(`twohop:budget:*:day:${month}-*`)),
          ]),
        ]
        const used: UnitsByWindow = new Map()
        for (let from = 0; from < redisKeys.length; from += PAGE) {
          const page = redisKeys.slice(from, from + PAGE)
          // All start in one tick, so they share a request.
          const units = await Promise.all(page.map((key) => redis.command('HGET', key, 'used')))
          for (const [at, key] of page.entries()) {
            const [, account, window] = COUNTER.exec(key) ?? []
            if (account && window?.includes(`:${month}`)) add(used, account, window, Number(units[at] ?? 0))
          }
        }
        const windows = [`month:${month}`, ...daysOf(month)]
        const units = await Promise.all(
          windows.map((window) => redis.command('HGET', `${PROJECT_PREFIX}${window}`, 'used')),
        )
        for (const [at, window] of windows.entries()) {
          const found = units[at]
          if (found != null) add(used, PROJECT, window, Number(found))
        }
        return used
      }),

    waiting: (month) =>
      orUnavailable(async () => {
        const waiting: UnitsByWindow = new Map()
        for (let after = '-'; ; ) {
          const entries = entryList(
            await redis.command('XRANGE', REDIS_KEYS.events, after, '+', 'COUNT', PAGE),
          )
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
      const key = account === PROJECT ? `${PROJECT_PREFIX}${window}` : `${BUDGET_PREFIX}${account}:${window}`
      const args = [units, keptUntil].map(String)
      await orUnavailable(() => runScript(redis, { script: ADD_UNITS, keys: [key], args }))
    },
  }
}

function add(units: UnitsByWindow, account: string, window: string, more: number): void {
  const windows = units.get(account) ?? new Map<string, number>()
  units.set(account, windows)
  windows.set(window, (windows.get(window) ?? 0) + more)
}
