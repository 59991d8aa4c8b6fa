import { DEAD_LETTERS } from '../../edge/ledger/upstash.ts'
import { entryList, writtenAt } from '../../edge/ledger/upstash-group.ts'
import { AUDIT_STREAM, REDIS_KEYS } from '../../edge/store/redis-keys.ts'
import { JOB_KEYS } from '../../shared/jobs/record.ts'
import { orUnavailable, type UpstashOptions, upstashClient } from '../../shared/upstash-client.ts'

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
      redis.zrange<string[]>(JOB_KEYS.served, 0, -1, { withScores: true }),
      redis.xlen(REDIS_KEYS.events),
      redis.xrange(REDIS_KEYS.events, '-', '+', 1),
      redis.xlen(DEAD_LETTERS),
      redis.xlen(AUDIT_STREAM),
    ])
    const models = served.flatMap((word, i) =>
      i % 2 === 0 ? [[String(word), Number(served[i + 1])] as const] : [],
    )
    const [oldestEventAt] = entryList(oldest).map(({ id }) => writtenAt(id))
    return { served: new Map(models), events, oldestEventAt, deadLetters, acts }
  }, 'Redis does not answer.')
}
