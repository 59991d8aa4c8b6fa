import { TwohopError } from '../../shared/errors.ts'
import { createExpiringMap } from '../../shared/expiring-map.ts'
import { type Payer, spenderId } from '../budget/port.ts'

/** The most reads a minute that an isolate serves a user, or an API key. */
export const READS_PER_MINUTE = 120

/**
 * Counts a read of a signed-in caller.
 * @throws TwohopError rate_limited for one too many in a minute
 */
export type CountRead = (payer: Payer) => void

type Options = {
  /** Milliseconds of any clock that runs evenly. */
  now: () => number
  /** Callers remembered at most; default 10,000, some 2 MB. Where there are more, the count of the oldest begins anew. */
  capacity?: number
}

const MINUTE_MS = 60_000

/**
 * A count of reads in this isolate, before any round trip: reads reserve nothing, so no budget bounds what they make the
 * store do. A platform may run several isolates, and each counts for itself. What has to hold over all of them is counted in
 * Redis beside it: reads of usage and jobs.
 */
export function createReadRate({ now, capacity = 10_000 }: Options): CountRead {
  const reads = createExpiringMap<string, { count: number; until: number }>({ capacity, now })

  return function countRead(payer) {
    const who = spenderId(payer)
    const lately = reads.get(who)
    if (!lately) return reads.set(who, { count: 1, until: now() + MINUTE_MS }, now() + MINUTE_MS)
    if (lately.count >= READS_PER_MINUTE)
      throw new TwohopError('rate_limited', `${READS_PER_MINUTE} reads a minute are served; wait a moment.`, {
        retryAfterMs: lately.until - now(),
      })
    lately.count++
  }
}
