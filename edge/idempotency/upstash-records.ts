import { scriptCall } from '../../shared/redis-script.ts'
import { orUnavailable, runScript, type UpstashOptions, upstashClient } from '../../shared/upstash-client.ts'
import { saidBeforeOf } from '../budget/allowance.ts'
import { callerWords } from '../budget/commands.ts'
import { allowedReply } from '../budget/refused.ts'
import { idempotencyRedisKey } from '../store/redis-keys.ts'
import { CLAIM, END_CLAIM } from './claim.lua.ts'
import type { IdempotencyRecords } from './records.ts'

type Options = UpstashOptions & {
  /** Milliseconds since the epoch, instead of Redis's own clock. For tests only. */
  clock?: () => number
}

/** Records of idempotency keys in Upstash Redis, over HTTP: one round trip each. */
export function createUpstashIdempotencyRecords({
  clock = () => 0,
  ...options
}: Options): IdempotencyRecords {
  const redis = upstashClient(options)
  return {
    claim: ({ id, body }, requestId, by) =>
      orUnavailable(async () => {
        const caller = callerWords(by)
        const args = [clock(), ...caller.args, body, requestId]
        const call = scriptCall(CLAIM, [idempotencyRedisKey(id), caller.key], args)
        const reply = allowedReply(await runScript(redis, call))
        if (Array.isArray(reply) && reply[0] === 'claimed') return { code: 'claimed' }
        const before = saidBeforeOf(reply)
        if (!before) throw new TypeError('the store did not say whose the key is')
        return before
      }),

    end: ({ id }, requestId, answer) =>
      orUnavailable(async () => {
        await runScript(redis, scriptCall(END_CLAIM, [idempotencyRedisKey(id)], [requestId, answer]))
      }),
  }
}
