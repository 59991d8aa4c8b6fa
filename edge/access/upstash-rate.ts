import { Ratelimit } from '@upstash/ratelimit'
import { TwohopError } from '../../shared/errors.ts'
import { orUnavailable, type UpstashOptions, upstashClient } from '../../shared/upstash-client.ts'
import { ACTS_PREFIX } from '../store/redis-keys.ts'
import type { CountAct } from './rate.ts'

/** A counter of acts a minute, in Upstash Redis. See budget/upstash.ts for why each default is overridden. */
export function createUpstashRate(options: UpstashOptions & { perMinute: number }): CountAct {
  const { perMinute } = options
  const limiter = new Ratelimit({
    redis: upstashClient(options),
    limiter: Ratelimit.fixedWindow(perMinute, '1 m'),
    prefix: ACTS_PREFIX,
    timeout: 0,
    ephemeralCache: false,
    analytics: false,
  })
  return async function countAct(who) {
    const { success, reset } = await orUnavailable(() => limiter.limit(who))
    if (success) return
    throw new TwohopError('rate_limited', `This may be done ${perMinute} times a minute.`, {
      retryAfterMs: Math.max(1, reset - Date.now()),
    })
  }
}
