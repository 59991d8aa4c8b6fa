import { CLOCK_LUA } from '../../shared/clock.lua.ts'
import type { Script } from '../../shared/redis-script.ts'
import { AUDIT_LUA } from '../audit/act.lua.ts'
import { CALLER_LUA } from './caller.lua.ts'

/** Changes the record of an account and writes a row about it into the audit log, if the caller may still act. */
export const CHANGE_ACCOUNT: Script = {
  name: 'change_account',
  sha: 'ff1a71cf11d24cae66b652e4acf2fbfdc55d035f',
  lua: `
-- KEYS[1] account record: hash
-- KEYS[2] the record of the caller's API key: hash; any name for a token
-- KEYS[3] audit log: stream
-- ARGV[1] now (ms), 0 for the server's clock
-- ARGV[2] ARGV[3] ARGV[4] ARGV[5] the caller, see caller.lua.ts: account, issued at, SHA-256 of the secret, scopes
-- ARGV[6] ARGV[7] ARGV[8] ARGV[9] ARGV[10] actor, action, target, reason, detail of the act
-- ARGV[11] how many words of fields to be written follow, names and texts in turn; after them, fields to be removed
-- Returns {changed}, or {code} of a caller who may not act.
${CLOCK_LUA}${CALLER_LUA}${AUDIT_LUA}
local caller, refusal = caller_of(KEYS[2], ARGV[2], ARGV[3], ARGV[4], ARGV[5], now_ms(tonumber(ARGV[1])))
if not caller then return refusal end
write_act(KEYS[3], ARGV[6], ARGV[7], ARGV[8], ARGV[9], ARGV[10])
local last = 11 + tonumber(ARGV[11])
if last > 11 then redis.call('HSET', KEYS[1], unpack(ARGV, 12, last)) end
if #ARGV > last then redis.call('HDEL', KEYS[1], unpack(ARGV, last + 1)) end
return {'changed'}
`,
}
