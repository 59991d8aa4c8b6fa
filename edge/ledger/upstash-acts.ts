import { runScript, upstashClient } from '../../shared/upstash-client.ts'
import { wholeNumber } from '../budget/allowance.ts'
import { AUDIT_STREAM } from '../store/redis-keys.ts'
import { FINISH_ACTS } from './finish-acts.lua.ts'
import type { EntryStream } from './port.ts'
import { DEAD_LETTERS, MAX_DEAD_LETTERS } from './upstash.ts'
import {
  createGroupReader,
  GROUP,
  LEDGER_TIMEOUT_MS,
  type LedgerRedis,
  orUnavailable,
  writtenAt,
} from './upstash-group.ts'

/** How many acts stay in Redis after the ledger has them, for the admin API to read. */
export const ACTS_KEPT = 10_000

/** The most acts that one call trims from the log's old end. */
const MOST_TAKEN = 1000

type Options = LedgerRedis & {
  /** Default ACTS_KEPT. */
  kept?: number
}

/** The log of administrative acts in Upstash Redis, over HTTP, as a stream to the ledger. */
export function createUpstashActStream({
  timeoutMs = LEDGER_TIMEOUT_MS,
  kept = ACTS_KEPT,
  ...where
}: Options): EntryStream {
  const redis = upstashClient({ ...where, timeoutMs })
  return {
    ...createGroupReader(redis, AUDIT_STREAM, where.takenOverMs),

    async finish(stored, buried) {
      const limits = [MAX_DEAD_LETTERS, kept, MOST_TAKEN, stored.length].map(String)
      const ends = buried.flatMap(({ id, reason }) => [id, reason])
      const args = [GROUP, ...limits, ...stored, ...ends]
      await orUnavailable(() =>
        runScript(redis, { script: FINISH_ACTS, keys: [AUDIT_STREAM, DEAD_LETTERS], args }),
      )
    },

    backlog: () =>
      orUnavailable(async () => {
        const [pending, deadLetters] = await Promise.all([
          redis.command('XPENDING', AUDIT_STREAM, GROUP),
          redis.command('XLEN', DEAD_LETTERS),
        ])
        const [entries, oldest] = Array.isArray(pending) ? pending : []
        if (typeof entries !== 'number') throw new TypeError('the store gave no count')
        const oldestAt = typeof oldest === 'string' ? writtenAt(oldest) : undefined
        return { entries, oldestAt, deadLetters: wholeNumber(deadLetters) }
      }),
  }
}
