import { CLOCK_LUA } from '../../shared/clock.lua.ts'
import type { Script } from '../../shared/redis-script.ts'
import { AUDIT_LUA } from '../audit/act.lua.ts'
import { CALLER_LUA } from './caller.lua.ts'

/**
 * Adds a grant of extra units to what is left of one that still runs, and writes a row about it into the audit log, if the
 * caller may still act.
 */
export const GRANT: Script = {
  name: 'grant',
  sha: '8220d78dd4886253ca7dbc9bde9eae28ffaf18cf',
  lua: `
-- KEYS[1] account record: hash
-- KEYS[2] the record of the caller's API key: hash; any name for a token
-- KEYS[3] audit log: stream
-- ARGV[1] now (ms), 0 for the server's clock
-- ARGV[2] ARGV[3] ARGV[4] ARGV[5] the caller, see caller.lua.ts: account, issued at, SHA-256 of the secret, scopes
-- ARGV[6] ARGV[7] ARGV[8] ARGV[9] ARGV[10] actor, action, target, reason, detail of the act
-- ARGV[11] extra units
-- ARGV[12] until when (ms)
-- Returns {units left, until}, or {code} of a caller who may not act.
${CLOCK_LUA}${CALLER_LUA}${AUDIT_LUA}
local now = now_ms(tonumber(ARGV[1]))
local caller, refusal = caller_of(KEYS[2], ARGV[2], ARGV[3], ARGV[4], ARGV[5], now)
if not caller then return refusal end
write_act(KEYS[3], ARGV[6], ARGV[7], ARGV[8], ARGV[9], ARGV[10])
local record = read_record(KEYS[1])
local units, ends, from = tonumber(ARGV[11]), tonumber(ARGV[12]), int(now)
if tonumber(record.extra_until or 0) > now then
  units, ends, from = units + tonumber(record.extra_units), math.max(ends, tonumber(record.extra_until)), record.extra_from
end
-- More than numbers are exact for is as good as endless.
units = math.min(units, ${Number.MAX_SAFE_INTEGER})
redis.call('HSET', KEYS[1], 'extra_units', int(units), 'extra_until', int(ends), 'extra_from', from)
return {units, ends}
`,
}
