import { CLOCK_LUA } from '../../shared/clock.lua.ts'
import type { Script } from '../../shared/redis-script.ts'
import { WINDOWS_LUA } from '../budget/windows.lua.ts'
import { LEASES_PREFIX } from '../store/redis-keys.ts'

/** Reads an account's counters whatever its status, with the limits that its last requests were checked against. */
export const ACCOUNT_USAGE: Script = {
  name: 'account_usage',
  sha: 'c95f68f094e39d761dffcb892210cc1c27c55b9b',
  lua: `
-- KEYS[1] account record: hash
-- ARGV[1] now (ms), 0 for the server's clock
-- ARGV[2] account
-- ARGV[3] the plan's billing day, 1 for the calendar's months
-- Returns {running, requests of the minute, then limit (-1 where none is known), used, held, ms to the end of minute,
-- day and month}.
${CLOCK_LUA}${WINDOWS_LUA}
local now = now_ms(tonumber(ARGV[1]))
local billing_day = tonumber(redis.call('HGET', KEYS[1], 'billing_day') or ARGV[3])
local windows = account_windows(ARGV[2], now, {-1, -1, -1}, billing_day, 0)
local reply = {redis.call('ZCOUNT', '${LEASES_PREFIX}' .. ARGV[2], '(' .. int(now), '+inf'), windows[1].requests}
for _, window in ipairs(windows) do
  for _, number in ipairs({tonumber(window.stored_limit or -1), window.used, window.held, window.ends - now}) do
    table.insert(reply, number)
  end
end
return reply
`,
}
