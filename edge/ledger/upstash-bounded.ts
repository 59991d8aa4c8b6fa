import { scriptCall } from '../../shared/redis-script.ts'
import { orUnavailable, runScript, type UpstashOptions, upstashClient } from '../../shared/upstash-client.ts'
import { AUDIT_STREAM, REDIS_KEYS } from '../store/redis-keys.ts'
import type { BoundedStreams } from './keep-within.ts'
import { ROLL_UP } from './roll-up.lua.ts'

/** Entries of each stream that one call takes off. */
const MOST_TAKEN = 1000

/** The streams in Upstash Redis, over HTTP: each call is one round trip. */
export function createUpstashBounded(options: UpstashOptions): BoundedStreams {
  const redis = upstashClient(options)
  return {
    trim: (most) =>
      orUnavailable(async () => {
        const call = scriptCall(
          ROLL_UP,
          [REDIS_KEYS.events, AUDIT_STREAM],
          [most.events, most.acts, MOST_TAKEN],
        )
        const reply = await runScript(redis, call)
        const [events, acts, rolledUp, dropped] = Array.isArray(reply) ? reply.map(Number) : []
        if (events === undefined || acts === undefined || rolledUp === undefined || dropped === undefined)
          throw new TypeError('the store gave no counts')
        return { events, acts, rolledUp, dropped }
      }, 'The streams cannot be read right now.'),
  }
}
