import { CLOCK_LUA } from '../../shared/clock.lua.ts'
import type { Script } from '../../shared/redis-script.ts'
import { WINDOWS_LUA } from '../budget/windows.lua.ts'
import { LEASES_PREFIX } from '../store/redis-keys.ts'

/**
 * Reads an account's counters whatever its status. Its limits are the budgets of the plan that is set for it, else those that its
 * last requests were checked against, with what a grant adds.
 */
export const ACCOUNT_USAGE: Script = {
  name: 'account_usage',
  sha: '259b54c7433adedf4088071896ad4d216e3b371f',
  lua: `
-- KEYS[1] account record: hash
-- ARGV[1] now (ms), 0 for the server's clock
-- ARGV[2] account
-- ARGV[3] the plan's billing day, 1 for the calendar's months
-- ARGV[4] ARGV[5] ARGV[6] budgets of minute, day, month of the plan that is set for it (units); -1 where none is set
-- Returns {running, requests of the minute, then limit (-1 where none is known), used, held, ms to the end of minute,
-- day and month}.
${CLOCK_LUA}${WINDOWS_LUA}
local now = now_ms(tonumber(ARGV[1]))
local record = redis.call('HMGET', KEYS[1], 'billing_day', 'extra_units', 'extra_until')
local granted = tonumber(record[3] or 0) > now and tonumber(record[2]) or 0
local limits = {tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])}
local windows = account_windows(ARGV[2], now, limits, tonumber(record[1] or ARGV[3]), granted)
local reply = {redis.call('ZCOUNT', '${LEASES_PREFIX}' .. ARGV[2], '(' .. int(now), '+inf'), windows[1].requests}
for _, window in ipairs(windows) do
  local limit = window.limit
  if limit < 0 then limit = tonumber(window.stored_limit or -1) end
  if limit >= 0 then limit = limit + window.extra + window.granted end
  for _, number in ipairs({limit, window.used, window.held, window.ends - now}) do
    table.insert(reply, number)
  end
end
return reply
`,
}
