import { orUnavailable, type UpstashOptions, upstashClient } from '../../shared/upstash-client.ts'
import { ACTS_PREFIX } from '../store/redis-keys.ts'
import { createUpstashLimiter } from '../store/upstash-limiter.ts'
import type { CountAct } from './rate.ts'

/** A counter of acts a minute, in Upstash Redis. */
export function createUpstashRate(options: UpstashOptions & { perMinute: number }): CountAct {
  const { perMinute } = options
  const count = createUpstashLimiter({
    redis: upstashClient(options),
    prefix: ACTS_PREFIX,
    perMinute,
    message: `This may be done ${perMinute} times a minute.`,
  })
  return async function countAct(who) {
    const tooMany = await orUnavailable(() => count(who))
    if (tooMany) throw tooMany
  }
}
