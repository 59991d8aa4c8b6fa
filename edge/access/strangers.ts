import { ERRORS, type ErrorCode, TwohopError } from '../../shared/errors.ts'
import { createExpiringMap } from '../../shared/expiring-map.ts'
import { networkOf } from './network.ts'

/** Says whether one more stranger may come from a network: a platform's own count, over more than this isolate. */
export type Limiter = (network: string) => Promise<boolean>

/** Counts requests of nobody that is known, by address. */
export type Strangers = {
  /**
   * @param address where the caller is, by the platform's own word; undefined where it does not say, which is not bounded
   * @throws TwohopError rate_limited where too many strangers came from there
   */
  refuse(address: string | undefined): void
  /** Takes note of a request that was refused because nobody known sent it. */
  count(address: string | undefined): Promise<void>
}

type Options = {
  /** Strangers' requests a minute from one address, and as many at once; 0 for no bound. */
  perMinute: number
  limiter?: Limiter | undefined
  /** Milliseconds of any clock that runs evenly. */
  now: () => number
  /** Networks remembered at most, in each of two memories; default 10,000, some 2 MB. */
  capacity?: number
}

type Bucket = { left: number; at: number }

const MINUTE_MS = 60_000
/** For how long a network is refused that the platform's own limiter found to be too loud. It does not say for how long. */
const LOUD_MS = 10_000

/**
 * A bound on strangers in this isolate, before any round trip. Each network has a bucket of tokens that fills evenly; a
 * stranger's request takes one. Who is known takes none and is not refused for it: people behind one address do not
 * answer for each other, and behind a proxy that nobody told the edge of (EDGE_PROXIES) all have one address.
 */
export function createStrangers({ perMinute, limiter, now, capacity = 10_000 }: Options): Strangers {
  const buckets = createExpiringMap<string, Bucket>({ capacity, now })
  const loud = createExpiringMap<string, number>({ capacity, now })

  /** Tokens that the bucket has now. */
  function left(network: string): number {
    const bucket = buckets.get(network)
    if (!bucket) return perMinute
    return Math.min(perMinute, bucket.left + ((now() - bucket.at) * perMinute) / MINUTE_MS)
  }

  return {
    refuse(address) {
      if (perMinute === 0 || !address) return
      const network = networkOf(address)
      const until = loud.get(network)
      const tokens = left(network)
      if (until === undefined && tokens >= 1) return
      const retryAfterMs = until === undefined ? ((1 - tokens) * MINUTE_MS) / perMinute : until - now()
      throw new TwohopError(
        'rate_limited',
        'Too many requests of nobody that is known came from this address.',
        {
          retryAfterMs: Math.ceil(retryAfterMs),
        },
      )
    },
    async count(address) {
      if (perMinute === 0 || !address) return
      const network = networkOf(address)
      // A full bucket need not be remembered.
      buckets.set(network, { left: Math.max(0, left(network) - 1), at: now() }, now() + MINUTE_MS)
      // A limiter that fails says nothing; the bucket still holds.
      const quiet = await limiter?.(network).catch(() => true)
      if (quiet === false) loud.set(network, now() + LOUD_MS, now() + LOUD_MS)
    },
  }
}

/** Codes of a 401 that only somebody gets whom an issuer or this edge has known. */
const ONCE_KNOWN: ReadonlySet<ErrorCode> = new Set([
  'token_expired',
  'token_revoked',
  'key_revoked',
  'key_expired',
  'app_check_required',
  'app_check_invalid',
])

/** Whether a request was refused because nobody known sent it. */
export const isUnknown = (error: unknown): boolean =>
  error instanceof TwohopError && ERRORS[error.code].status === 401 && !ONCE_KNOWN.has(error.code)

/** The parts of a request that are looked at. */
type Asked = { method: string; path: string; raw: { headers: Headers } }

/** Whether a request says of nobody that it is theirs. Preflights and probes of health cost nothing. */
export const isNobody = ({ method, path, raw: { headers } }: Asked): boolean =>
  method !== 'OPTIONS' && path !== '/healthz' && !headers.has('authorization') && !headers.has('x-api-key')
