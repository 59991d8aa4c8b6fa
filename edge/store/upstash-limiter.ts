import { Ratelimit } from '@upstash/ratelimit'
import { TwohopError } from '../../shared/errors.ts'
import type { upstashClient } from '../../shared/upstash-client.ts'

type Options = {
  redis: ReturnType<typeof upstashClient>
  /** Begins the names of its counters in Redis. */
  prefix: string
  perMinute: number
  /** What a caller is told who comes more often. */
  message: string
}

/**
 * A counter a minute of what reserves nothing, in Upstash Redis: one round trip each. Counts, and gives what to throw
 * where that was one too many.
 */
export function createUpstashLimiter({ redis, prefix, perMinute, message }: Options) {
  const limiter = new Ratelimit({
    redis,
    // One of its two fixed windows never sets a time to live (the one with a local cache); this one does.
    limiter: Ratelimit.fixedWindow(perMinute, '1 m'),
    prefix,
    // By default it lets requests pass when Redis takes over 5 s. With 0 it waits, and the client's time-out decides.
    timeout: 0,
    // Its memory of blocked callers is unbounded; ours is in edge/budget/blocked.ts.
    ephemeralCache: false,
    analytics: false,
  })
  return async function count(who: string): Promise<TwohopError | undefined> {
    // The package names the window's end by this machine's clock, and so it is compared with that.
    const { success, reset } = await limiter.limit(who)
    if (success) return undefined
    return new TwohopError('rate_limited', message, { retryAfterMs: Math.max(1, reset - Date.now()) })
  }
}
