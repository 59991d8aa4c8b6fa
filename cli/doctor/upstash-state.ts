import { wholeNumber } from '../../edge/budget/allowance.ts'
import { DEAD_LETTERS } from '../../edge/ledger/upstash.ts'
import { entryList, writtenAt } from '../../edge/ledger/upstash-group.ts'
import { AUDIT_STREAM, REDIS_KEYS } from '../../edge/store/redis-keys.ts'
import { JOB_KEYS } from '../../shared/jobs/record.ts'
import { orUnavailable, scoredOf, type UpstashOptions, upstashClient } from '../../shared/upstash-client.ts'

/** What Redis says of a deployment. */
export type StoreState = {
  /** Models by the time (ms since the epoch) until which hosts count as looking for their jobs. */
  served: ReadonlyMap<string, number>
  /** Entries of the stream of usage events, of the letters set aside, and of the log of administration. */
  events: number
  /** When the oldest usage event was written, in milliseconds since the epoch; undefined where there is none. */
  oldestEventAt: number | undefined
  deadLetters: number
  acts: number
}

/** Reads the state in one round trip. @throws TwohopError store_unavailable */
export function readStoreState(options: UpstashOptions): Promise<StoreState> {
  const redis = upstashClient(options)
  return orUnavailable(async () => {
    const [served, events, oldest, deadLetters, acts] = await Promise.all([
      redis.command('ZRANGE', JOB_KEYS.served, 0, -1, 'WITHSCORES'),
      redis.command('XLEN', REDIS_KEYS.events),
      redis.command('XRANGE', REDIS_KEYS.events, '-', '+', 'COUNT', 1),
      redis.command('XLEN', DEAD_LETTERS),
      redis.command('XLEN', AUDIT_STREAM),
    ])
    const [oldestEventAt] = entryList(oldest).map(({ id }) => writtenAt(id))
    return {
      served: new Map(scoredOf(served).map(({ member, score }) => [member, score])),
      events: wholeNumber(events),
      oldestEventAt,
      deadLetters: wholeNumber(deadLetters),
      acts: wholeNumber(acts),
    }
  }, 'Redis does not answer.')
}
