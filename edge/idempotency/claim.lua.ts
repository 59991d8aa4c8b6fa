import { CLOCK_LUA } from '../../shared/clock.lua.ts'
import type { Script } from '../../shared/redis-script.ts'
import { CHALLENGED_LUA } from '../budget/anomaly.lua.ts'
import { CALLER_LUA } from '../budget/caller.lua.ts'
import { ANSWER_GONE, RECORD_LUA } from '../store/idempotency-record.lua.ts'
import { ACT_ANSWER_KEPT_MS } from '../store/lifetimes.ts'

/** Milliseconds for which a claim counts as under way. One that has not ended by then never will. */
const UNDER_WAY_MS = 60_000

/**
 * Gives an idempotency key to one request, or says what came of the request that has it, if the caller may still act. The
 * answer of before may hold an API key.
 */
export const CLAIM: Script = {
  name: 'claim',
  sha: 'ce4cb20e40650602a84e8f91c2c1262550e288a3',
  lua: `
-- KEYS[1] record of the idempotency key: hash
-- KEYS[2] the record of the caller's API key: hash; any name for a token
-- ARGV[1] now (ms), 0 for the server's clock
-- ARGV[2] ARGV[3] ARGV[4] ARGV[5] the caller, see caller.lua.ts: account, issued at, SHA-256 of the secret, scopes
-- ARGV[6] SHA-256 of the request
-- ARGV[7] request id
-- Returns {claimed}, {answered, answer}, or {code}: idempotency_in_progress, idempotency_key_reused, or that of a caller
-- who may not act.
${CLOCK_LUA}${CALLER_LUA}${CHALLENGED_LUA}${RECORD_LUA}
local now = now_ms(tonumber(ARGV[1]))
local caller, refusal = acting_caller_of(KEYS[2], ARGV[2], ARGV[3], ARGV[4], ARGV[5], now)
if not caller then return refusal end
local before = said_before(KEYS[1], ARGV[6])
if not before then
  begin_record(KEYS[1], ARGV[6], ARGV[7], ${ACT_ANSWER_KEPT_MS})
  redis.call('HSET', KEYS[1], 'until', int(now + ${UNDER_WAY_MS}))
  return {'claimed'}
end
-- It may have been done before its edge died: it is not done again under the same key.
if before[1] == 'idempotency_in_progress' and tonumber(redis.call('HGET', KEYS[1], 'until') or 0) <= now then
  return {'answered', '${ANSWER_GONE}'}
end
return before
`,
}

/** Ends a claim. With an answer, a repetition gets that answer. Without one, a repetition is a new attempt. */
export const END_CLAIM: Script = {
  name: 'end_claim',
  sha: 'dccad7dfc91cf510998b14f06ac793966c0ceb61',
  lua: `
-- KEYS[1] record of the idempotency key: hash
-- ARGV[1] request id
-- ARGV[2] answer, or empty
-- Returns {ended}.
${RECORD_LUA}
end_record(KEYS[1], ARGV[1], ARGV[2], ${ACT_ANSWER_KEPT_MS})
return {'ended'}
`,
}
