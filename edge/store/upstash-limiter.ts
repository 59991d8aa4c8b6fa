import { Ratelimit } from '@upstash/ratelimit'
import { TwohopError } from '../../shared/errors.ts'
import type { Command, Redis } from '../../shared/upstash-client.ts'

type Options = {
  redis: Redis
  /** The prefix of its counters' redis keys. */
  prefix: string
  perMinute: number
  /** The message for a caller who comes more often. */
  message: string
}

/**
 * Counts, for each minute, requests that reserve nothing, in Upstash Redis: one round trip each. Returns the error to
 * throw where the limit is exceeded; undefined otherwise.
 */
export function createUpstashLimiter({ redis, prefix, perMinute, message }: Options) {
  const limiter = new Ratelimit({
    redis: forPackage(redis),
    // The package has two fixed windows. The one with a local cache never sets a time to live; this one does.
    limiter: Ratelimit.fixedWindow(perMinute, '1 m'),
    prefix,
    // By default the package lets requests pass when Redis takes over 5 s. With 0 it waits, and the client's timeout
    // decides.
    timeout: 0,
    // The package's memory of blocked callers is unbounded; ours is in edge/budget/blocked.ts.
    ephemeralCache: false,
    analytics: false,
  })
  return async function count(who: string): Promise<TwohopError | undefined> {
    // The package computes the window's end by this machine's clock, so it is compared with that clock.
    const { success, reset } = await limiter.limit(who)
    if (success) return undefined
    return new TwohopError('rate_limited', message, { retryAfterMs: Math.max(1, reset - Date.now()) })
  }
}

type PackageRedis = ConstructorParameters<typeof Ratelimit>[0]['redis']

/** The client as the package calls it: for scripts only, as no limit changes while the edge runs. */
function forPackage({ command }: Redis): PackageRedis {
  const evaluate = (name: string) => (script: string, keys: Command, args: Command) =>
    command(name, script, keys.length, ...keys, ...args)
  const scripts = { evalsha: evaluate('EVALSHA'), eval: evaluate('EVAL') }
  return scripts as unknown as PackageRedis
}
