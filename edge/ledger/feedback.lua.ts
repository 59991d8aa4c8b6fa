import { CLOCK_LUA } from '../../shared/clock.lua.ts'
import type { Script } from '../../shared/redis-script.ts'
import { CALLER_LUA } from '../budget/caller.lua.ts'

/**
 * Keeps what an account says of an answer for the ledger, which alone knows whose request that was. A full stream loses its
 * oldest entries.
 */
export const KEEP_FEEDBACK: Script = {
  name: 'keep_feedback',
  sha: '7a7a6d58982dfdde19943292727bc6a3ee71cd84',
  lua: `
-- KEYS[1] the record of the caller's API key: hash; any name for a token
-- KEYS[2] feedback: stream
-- ARGV[1] now (ms), 0 for the server's clock
-- ARGV[2] ARGV[3] ARGV[4] ARGV[5] the caller, see caller.lua.ts: account, issued at, SHA-256 of the secret, scopes
-- ARGV[6] ARGV[7] ARGV[8] request id, score, text
-- ARGV[9] entries kept at most
-- Returns {kept}, or {code} of a caller who may not act.
${CLOCK_LUA}${CALLER_LUA}
local caller, refusal = caller_of(KEYS[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], now_ms(tonumber(ARGV[1])))
if not caller then return refusal end
redis.call('XADD', KEYS[2], 'MAXLEN', ARGV[9], '*', 'account', caller.account, 'request_id', ARGV[6], 'score', ARGV[7],
  'text', ARGV[8])
return {'kept'}
`,
}
