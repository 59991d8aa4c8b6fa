import type { Script } from '../../shared/redis-script.ts'
import { ACTING_LUA } from './acting.lua.ts'
import { RECORD_LIFE_LUA } from './record-life.lua.ts'

/**
 * Adds a grant of extra units to what is left of one that still runs, and writes a row about it into the audit log, if the
 * caller may still act.
 */
export const GRANT: Script = {
  name: 'grant',
  sha: '2c313d517b729abae97282d21102edd1c7f02370',
  lua: `
-- The keys and the first ten arguments are those of acting.lua.ts; the record is the account's.
-- ARGV[11] extra units
-- ARGV[12] until when (ms)
-- Returns {units left, until}, or {code} of a caller who may not act.
${ACTING_LUA}${RECORD_LIFE_LUA}
local caller, refusal = acting_caller()
if not caller then return refusal end
write_act()
local record = read_record(KEYS[1])
local units, ends, from = tonumber(ARGV[11]), tonumber(ARGV[12]), int(now)
if tonumber(record.extra_until or 0) > now then
  units, ends, from = units + tonumber(record.extra_units), math.max(ends, tonumber(record.extra_until)), record.extra_from
end
-- More than numbers are exact for is as good as endless.
units = math.min(units, ${Number.MAX_SAFE_INTEGER})
redis.call('HSET', KEYS[1], 'extra_units', int(units), 'extra_until', int(ends), 'extra_from', from)
keep_record(KEYS[1], now)
return {units, ends}
`,
}
