import type { CryptoKey } from 'jose'
import { TwohopError } from '../../shared/errors.ts'
import { settledWithin } from '../../shared/within.ts'
import type { Log } from '../log/port.ts'
import { downloadJwks, type Jwks } from './jwks-download.ts'

/**
 * Finds the public key that a token's header names. The `kid` is only ever compared with those of the key set; it is
 * never a path or an address. `jku`, `x5u`, `x5c` and `jwk` (RFC 7515 section 4.1) are ignored.
 * @throws TwohopError token_key_unknown or keys_unavailable
 */
export type FindKey = (header: { alg: string; kid: unknown }) => Promise<CryptoKey>

export type JwksCacheOptions = {
  fetch: typeof globalThis.fetch
  /** Milliseconds since the epoch. */
  now: () => number
  /** Milliseconds one download may take. Default 3000. */
  timeoutMs?: number
  log: Log
}

const SECOND = 1000
const MINUTE = 60 * SECOND
/** Keys are downloaded again after the answer's `max-age`, bounded by these two. */
const MIN_AGE_MS = 10 * MINUTE
const MAX_AGE_MS = 60 * MINUTE
/** While keys are held, at most one download starts in this time, however many unknown `kid`s strangers send. */
const COOL_DOWN_MS = 30 * SECOND
/** While no keys are held, the next try may start this long after the last. */
const RETRY_MS = 2 * SECOND
/** While downloads fail, the last downloaded keys stay in use this long. Then: `keys_unavailable`. */
const STALE_LIMIT_MS = 24 * 60 * MINUTE

type Held = Jwks & { fetchedAt: number; freshUntil: number }

/**
 * Keeps the key set at `url`. A cold start downloads once, however many requests wait. A `kid` that is not in the set
 * starts another download at most once in 30 s. Keys past their age are renewed; while that fails they stay in use, for
 * 24 h at most. A good answer replaces all keys, so a key that the issuer withdrew is refused within an hour.
 *
 * jose's own createRemoteJWKSet is not used: it reads the clock itself, starts a download for each request while the
 * issuer is down (its cool-down counts successes only), keeps no stale keys, and has no single flight on workerd. jose
 * still chooses and imports the keys.
 */
export function createJwksCache(
  url: string,
  { fetch, now, timeoutMs = 3 * SECOND, log }: JwksCacheOptions,
): FindKey {
  let held: Held | undefined
  let pending: Promise<void> | undefined
  let attemptedAt = Number.NEGATIVE_INFINITY
  let lastFailure: unknown

  /** On workerd a download dies with the request that began it, so nobody waits for one past its time limit. */
  const downloading = () => pending !== undefined && now() - attemptedAt < timeoutMs

  async function download(): Promise<void> {
    try {
      const downloaded = await downloadJwks(url, fetch, timeoutMs)
      const age = Math.min(Math.max(downloaded.maxAgeMs ?? 0, MIN_AGE_MS), MAX_AGE_MS)
      held = { ...downloaded, fetchedAt: now(), freshUntil: now() + age }
    } catch (error) {
      lastFailure = error
      // This is logged even while older keys still serve, which they do for a day.
      await log('warn', 'jwks_download_failed', { error, detail: { host: new URL(url).host } })
    }
  }

  /** Begins a download, or waits for the one under way and begins another if that one died. Never throws. */
  async function refresh(): Promise<void> {
    if (downloading()) {
      const joined = pending
      // The waiter's own timer wakes it on workerd, where another request's promise may never settle.
      await settledWithin(timeoutMs, joined)
      if (pending !== joined) return
    }
    attemptedAt = now()
    const mine = download().finally(() => {
      if (pending === mine) pending = undefined
    })
    pending = mine
    await mine
  }

  async function jwks(): Promise<Held> {
    if (held !== undefined && now() - held.fetchedAt >= STALE_LIMIT_MS) held = undefined
    if (held === undefined) {
      if (downloading() || now() - attemptedAt >= RETRY_MS) await refresh()
    } else if (now() >= held.freshUntil && now() - attemptedAt >= COOL_DOWN_MS) {
      await refresh() // one request waits; the others use the old keys meanwhile
    }
    if (held !== undefined) return held
    throw new TwohopError(
      'keys_unavailable',
      "The signing keys of this token's issuer cannot be fetched right now. Please try again.",
      { retryAfterMs: RETRY_MS, cause: lastFailure },
    )
  }

  return async function findKey({ alg, kid }) {
    if (typeof kid !== 'string') {
      throw new TwohopError('token_key_unknown', "The token's header does not name its signing key (`kid`).")
    }
    const known = await (await jwks()).find({ alg, kid })
    if (known !== undefined) return known
    if (downloading() || now() - attemptedAt >= COOL_DOWN_MS) {
      await refresh()
      const renewed = await (await jwks()).find({ alg, kid })
      if (renewed !== undefined) return renewed
    }
    throw new TwohopError(
      'token_key_unknown',
      'The token is signed with a key (`kid`) that its issuer does not publish. Sign in again for a fresh token.',
    )
  }
}
