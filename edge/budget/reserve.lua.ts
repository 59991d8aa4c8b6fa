import { CLOCK_LUA } from './clock.lua.ts'
import { MAX_LEASE_MS, OPEN_KEPT_MS } from './keys.ts'
import type { Script } from './script.ts'
import { WINDOWS_LUA } from './windows.lua.ts'

/**
 * Admits a request against every limit or against none, in one atomic step. A refused request changes nothing, the
 * count of requests included: who keeps asking while refused is let in again when the window ends.
 *
 * Requests per minute are counted here and not by @upstash/ratelimit. Its counter can't be part of this decision: a
 * request that its script admits and a budget refuses would have to be given back, and a hold that it refuses
 * released again, each in a second round trip, while others are refused for what was only counted for a moment.
 *
 * It names counters by Redis's clock, so not every key can be declared: no `allow-key-locking` on Upstash.
 */
export const RESERVE: Script = {
  name: 'reserve',
  sha: '21c263002953864ba4691ed34421968f3958f609',
  lua: `
-- KEYS[1] account record: hash
-- KEYS[2] reservation: hash
-- KEYS[3] the account's leases: sorted set of request ids by expiry (ms)
-- KEYS[4] open reservations of every account: sorted set of request ids by expiry (ms)
-- KEYS[5] prefix of the account's counters
-- ARGV[1] request id
-- ARGV[2] account
-- ARGV[3] worst case (units)
-- ARGV[4] requests a minute
-- ARGV[5] requests at the same time
-- ARGV[6] ARGV[7] ARGV[8] budgets of minute, day, month (units)
-- ARGV[9] lease (ms)
-- ARGV[10] ARGV[11] ARGV[12] model, task, plan
-- ARGV[13] now (ms), 0 for the server's clock
-- Returns {code, running, requests, used, held, ms to the end...} for minute, day, month, and for budget_exhausted
-- the window's number at the end; {code} alone for account_suspended and id_used.
${CLOCK_LUA}${WINDOWS_LUA}
local units = tonumber(ARGV[3])
local now = now_ms(tonumber(ARGV[13]))

-- Settled before it came (its first answer was lost), or sent twice: it may not hold again.
if redis.call('EXISTS', KEYS[2]) == 1 then return {'id_used'} end
if redis.call('HGET', KEYS[1], 'status') == 'suspended' then return {'account_suspended'} end

local windows, requests = read_windows(KEYS[5], now)
local running_now = running(KEYS[3], now)
if requests >= tonumber(ARGV[4]) then
  return counters_reply('rate_limited', running_now, requests, windows, now)
end
if running_now >= tonumber(ARGV[5]) then
  return counters_reply('too_many_concurrent', running_now, requests, windows, now)
end
-- The longest exhausted window is named: waiting for a shorter one would not help.
for i = 3, 1, -1 do
  local window = windows[i]
  if units > tonumber(ARGV[5 + i]) - window.used - window.held then
    local reply = counters_reply('budget_exhausted', running_now, requests, windows, now)
    table.insert(reply, i)
    return reply
  end
end

redis.call('HINCRBY', windows[1].key, 'requests', 1)
for _, window in ipairs(windows) do
  redis.call('HINCRBY', window.key, 'held', int(units))
  window.held = window.held + units
  keep_window(window, now)
end

local expires = int(now + tonumber(ARGV[9]))
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', int(now))
redis.call('ZADD', KEYS[3], expires, ARGV[1])
redis.call('PEXPIRE', KEYS[3], ${MAX_LEASE_MS})
redis.call('ZADD', KEYS[4], expires, ARGV[1])
redis.call('PEXPIRE', KEYS[4], ${OPEN_KEPT_MS})
redis.call('HSET', KEYS[2], 'state', 'open', 'account', ARGV[2], 'units', int(units),
  'minute', windows[1].key, 'day', windows[2].key, 'month', windows[3].key,
  'model', ARGV[10], 'task', ARGV[11], 'plan', ARGV[12], 'reserved_at', int(now))
redis.call('PEXPIRE', KEYS[2], ${OPEN_KEPT_MS})
return counters_reply('granted', running_now + 1, requests + 1, windows, now)
`,
}
