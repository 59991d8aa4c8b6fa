import { CLOCK_LUA } from '../../shared/clock.lua.ts'
import type { Script } from '../../shared/redis-script.ts'

/** Adds a grant of extra units to what is left of one that still runs. */
export const GRANT: Script = {
  name: 'grant',
  sha: 'c8faf0261b9b7c9053ba123f35a2e6f3cb6a7e02',
  lua: `
-- KEYS[1] account record: hash
-- ARGV[1] extra units
-- ARGV[2] until when (ms)
-- ARGV[3] now (ms), 0 for the server's clock
-- Returns {units left, until}.
${CLOCK_LUA}
local record, now = read_record(KEYS[1]), now_ms(tonumber(ARGV[3]))
local units, ends, from = tonumber(ARGV[1]), tonumber(ARGV[2]), int(now)
if tonumber(record.extra_until or 0) > now then
  units, ends, from = units + tonumber(record.extra_units), math.max(ends, tonumber(record.extra_until)), record.extra_from
end
-- More than numbers are exact for is as good as endless.
units = math.min(units, ${Number.MAX_SAFE_INTEGER})
redis.call('HSET', KEYS[1], 'extra_units', int(units), 'extra_until', int(ends), 'extra_from', from)
return {units, ends}
`,
}
