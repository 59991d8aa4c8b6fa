import { type ErrorCode, TwohopError } from '../../shared/errors.ts'
import { createExpiringMap } from '../../shared/expiring-map.ts'
import type { PresentedApiKey } from '../identity/principal.ts'

/** What this isolate has heard of API keys, so that an ended one does not cost a round trip each time. */
export type KeyMemory = {
  /**
   * @param address where the caller is; undefined where the platform does not say
   * @throws TwohopError what the store said of this key a moment ago; rate_limited where this address has presented too
   *   many ended keys, unless the store lately let this one in
   */
  refuseKnown(key: PresentedApiKey, address: string | undefined): void
  /** Learns from a request's end. @param error what it was refused with; undefined where it was served */
  learn(key: PresentedApiKey, address: string | undefined, error: unknown): void
}

type Options = {
  /** Milliseconds of any clock that runs evenly. */
  now: () => number
  /** Keys and addresses remembered at most, in each of three memories; default 10,000, some 2 MB. */
  capacity?: number
}

const SECOND = 1000
/**
 * How long a refusal is repeated from memory, in milliseconds. A key that was revoked or has expired stays so. One that
 * is not there may be: a replica of the store may lag behind, or the store was just restored.
 */
const REFUSED_MS = new Map<ErrorCode, number>([
  ['key_revoked', 60 * SECOND],
  ['key_expired', 60 * SECOND],
  ['key_invalid', 5 * SECOND],
])
/** Ended keys that one address may have looked up in a minute. Nobody has so many by accident. */
const MOST_ENDED = 20
const MINUTE_MS = 60 * SECOND
/** How long a key that was let in counts as good, in milliseconds. The store still checks it at each request. */
const GOOD_MS = 10 * MINUTE_MS

export function createKeyMemory({ now, capacity = 10_000 }: Options): KeyMemory {
  const memory = { capacity, now }
  const refused = createExpiringMap<string, { code: ErrorCode; message: string }>(memory)
  const good = createExpiringMap<string, true>(memory)
  const ended = createExpiringMap<string, { count: number; until: number }>(memory)

  return {
    refuseKnown(key, address = '') {
      const name = nameOf(key)
      const known = refused.get(name)
      if (known) throw new TwohopError(known.code, known.message)
      const lately = ended.get(address)
      if (lately && lately.count >= MOST_ENDED && !good.get(name))
        throw new TwohopError('rate_limited', 'Too many API keys that have ended came from this address.', {
          retryAfterMs: lately.until - now(),
        })
    },

    learn(key, address = '', error) {
      const name = nameOf(key)
      if (error === undefined) good.set(name, true, now() + GOOD_MS)
      const ms = error instanceof TwohopError ? REFUSED_MS.get(error.code) : undefined
      // What was said from memory is nothing new: otherwise whoever asks often enough would be refused for ever.
      if (!(error instanceof TwohopError) || ms === undefined || refused.get(name)) return
      refused.set(name, { code: error.code, message: error.message }, now() + ms)
      if (address === '') return
      const { count, until } = ended.get(address) ?? { count: 0, until: now() + MINUTE_MS }
      ended.set(address, { count: count + 1, until }, until)
    },
  }
}

/** A key with another secret has a name of its own, so that nobody can have a key refused by its id. */
const nameOf = ({ id, secretHash }: PresentedApiKey) => `${id} ${secretHash}`
