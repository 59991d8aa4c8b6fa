import { type ErrorCode, TwohopError } from '../../shared/errors.ts'
import { createExpiringMap } from '../../shared/expiring-map.ts'
import { ENDED_REMEMBERED_MS, NONE_REMEMBERED_MS, rememberedName } from '../api-keys/remembered.ts'
import type { PresentedApiKey } from '../identity/principal.ts'

/** What this isolate has heard of API keys, so that an ended one does not cost a round trip each time. */
export type KeyMemory = {
  /**
   * @param address where the caller is; undefined where the platform does not say
   * @throws TwohopError what the store said of this key a moment ago; rate_limited where this address has presented too
   *   many keys that are not there, unless the store lately let this one in
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

const REFUSED_MS = new Map<ErrorCode, number>([
  ['key_revoked', ENDED_REMEMBERED_MS],
  ['key_expired', ENDED_REMEMBERED_MS],
  ['key_invalid', NONE_REMEMBERED_MS],
])
/**
 * Keys with a good checksum that are not there, which one address may have looked up in a minute. They are those that ended so
 * long ago that the store forgot them. Keys that it knows to have ended do not count: people behind one address have many by
 * accident, when keys of one day expire, and each is looked up once in ENDED_REMEMBERED_MS.
 */
const MOST_GONE = 20
const MINUTE_MS = 60_000
/** How long a key that was let in counts as good, in milliseconds. The store still checks it at each request. */
const GOOD_MS = 10 * MINUTE_MS

export function createKeyMemory({ now, capacity = 10_000 }: Options): KeyMemory {
  const memory = { capacity, now }
  const refused = createExpiringMap<string, { code: ErrorCode; message: string }>(memory)
  const good = createExpiringMap<string, true>(memory)
  const gone = createExpiringMap<string, { count: number; until: number }>(memory)

  return {
    refuseKnown(key, address = '') {
      const name = rememberedName(key)
      const known = refused.get(name)
      if (known) throw new TwohopError(known.code, known.message)
      const lately = gone.get(address)
      if (lately && lately.count >= MOST_GONE && !good.get(name))
        throw new TwohopError(
          'rate_limited',
          'Too many API keys that are not there came from this address.',
          {
            retryAfterMs: lately.until - now(),
          },
        )
    },

    learn(key, address = '', error) {
      const name = rememberedName(key)
      if (error === undefined) good.set(name, true, now() + GOOD_MS)
      const ms = error instanceof TwohopError ? REFUSED_MS.get(error.code) : undefined
      // What was said from memory is nothing new: otherwise whoever asks often enough would be refused for ever.
      if (!(error instanceof TwohopError) || ms === undefined || refused.get(name)) return
      refused.set(name, { code: error.code, message: error.message }, now() + ms)
      if (address === '' || error.code !== 'key_invalid') return
      const { count, until } = gone.get(address) ?? { count: 0, until: now() + MINUTE_MS }
      gone.set(address, { count: count + 1, until }, until)
    },
  }
}
