import { runScript, upstashClient } from '../../shared/upstash-client.ts'
import { wholeNumber } from '../budget/allowance.ts'
import { REDIS_KEYS } from '../store/redis-keys.ts'
import { FINISH_EVENTS } from './finish.lua.ts'
import type { EntryStream } from './port.ts'
import {
  createGroupReader,
  entryList,
  GROUP,
  LEDGER_TIMEOUT_MS,
  type LedgerRedis,
  orUnavailable,
  writtenAt,
} from './upstash-group.ts'

/** Usage events that can never be stored, each with the reason; see finish.lua.ts. */
export const DEAD_LETTERS = 'twohop:events:dead'

/** The most dead letters that are kept. So many mean a fault that has been reported for a long time. */
export const MAX_DEAD_LETTERS = 100_000

/** The stream of usage events in Upstash Redis. */
export const createUpstashStream = (where: LedgerRedis): EntryStream =>
  createStreamReader(where, REDIS_KEYS.events)

/**
 * A stream whose entries are gone once the ledger has them, in Upstash Redis, over HTTP. Every call is one round trip, except
 * the very first.
 */
export function createStreamReader(
  { timeoutMs = LEDGER_TIMEOUT_MS, ...where }: LedgerRedis,
  stream: string,
): EntryStream {
  const redis = upstashClient({ ...where, timeoutMs })
  return {
    ...createGroupReader(redis, stream, where.takenOverMs),

    async finish(stored, buried) {
      const args = [GROUP, String(MAX_DEAD_LETTERS), String(stored.length), ...stored]
      for (const { id, reason } of buried) args.push(id, reason)
      const call = { script: FINISH_EVENTS, keys: [stream, DEAD_LETTERS], args }
      await orUnavailable(() => runScript(redis, call))
    },

    backlog: () =>
      orUnavailable(async () => {
        const [entries, oldest, deadLetters] = await Promise.all([
          redis.command('XLEN', stream),
          redis.command('XRANGE', stream, '-', '+', 'COUNT', 1),
          redis.command('XLEN', DEAD_LETTERS),
        ])
        return {
          entries: wholeNumber(entries),
          oldestAt: entryList(oldest).map(({ id }) => writtenAt(id))[0],
          deadLetters: wholeNumber(deadLetters),
        }
      }),
  }
}
