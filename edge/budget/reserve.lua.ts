import { CLOCK_LUA } from './clock.lua.ts'
import { ACCOUNT_PREFIX, LEASES_PREFIX, MAX_LEASE_MS, OPEN_KEPT_MS } from './keys.ts'
import type { Script } from './script.ts'
import { SPENDER_LUA } from './spender.lua.ts'
import { WINDOWS_LUA } from './windows.lua.ts'

/**
 * Admits a request against every limit or against none, in one atomic step. A refused request changes nothing, the
 * count of requests included: who keeps asking while refused is let in again when the window ends.
 *
 * Requests per minute are counted here and not by @upstash/ratelimit. Its counter can't be part of this decision: a
 * request that its script admits and a budget refuses would have to be given back, and a hold that it refuses
 * released again, each in a second round trip, while others are refused for what was only counted for a moment.
 *
 * It names accounts by an API key's record and counters by Redis's clock, so not every key can be declared: no
 * `allow-key-locking` on Upstash.
 */
export const RESERVE: Script = {
  name: 'reserve',
  sha: '8029468c89d9e050269084ad2f88bfb74e4408a3',
  lua: `
-- KEYS[2] reservation: hash
-- KEYS[3] open reservations of every account: sorted set of request ids by expiry (ms)
-- ARGV[14] ARGV[15] the project's budgets of day and month (units), -1 for none
-- ARGV[16] request id
-- ARGV[17] worst case (units)
-- ARGV[18] lease (ms)
-- ARGV[19] ARGV[20] model, task
-- ARGV[21] API key's id, empty for a token
-- Returns {code, account, running, requests, limit, used, held, ms to the end...} for minute, day, month; then for
-- budget_exhausted the window's number, for project_budget_exhausted also ms to the window's end;
-- {plan_is, plan}; {code} alone for id_used and who may not spend at all.
${CLOCK_LUA}${WINDOWS_LUA}${SPENDER_LUA}
local now = now_ms(tonumber(ARGV[1]))
local units = tonumber(ARGV[17])

-- Settled before it came (its first answer was lost), or sent twice: it may not hold again.
if redis.call('EXISTS', KEYS[2]) == 1 then return {'id_used'} end
local spender, refusal = identify(now)
if not spender then return refusal end
local account = spender.account

local windows = windows_of(spender, now)
local running = running_of(spender, now)
local function reply(code) return counters_reply(code, account, running, windows, now) end

if windows[1].requests >= tonumber(ARGV[8]) then return reply('rate_limited') end
if running >= tonumber(ARGV[9]) then return reply('too_many_concurrent') end
-- The longest exhausted window is named: waiting for a shorter one would not help.
for i = 3, 1, -1 do
  if lacking(windows[i], units) > windows[i].granted then
    local refused = reply('budget_exhausted')
    table.insert(refused, i)
    return refused
  end
end
local project = project_windows(now, tonumber(ARGV[14]), tonumber(ARGV[15]))
for i = #project, 1, -1 do
  local number, window = project[i][1], project[i][2]
  if lacking(window, units) > 0 then
    local refused = reply('project_budget_exhausted')
    table.insert(refused, number)
    table.insert(refused, window.ends - now)
    return refused
  end
end

-- What day and month lack is drawn from the grant, once for both.
local extra = math.max(lacking(windows[2], units), lacking(windows[3], units))
if extra > 0 then
  redis.call('HINCRBY', '${ACCOUNT_PREFIX}' .. account, 'extra_units', int(-extra))
  for i = 2, 3 do
    windows[i].extra = windows[i].extra + extra
    windows[i].granted = windows[i].granted - extra
  end
end
redis.call('HINCRBY', windows[1].key, 'requests', 1)
windows[1].requests = windows[1].requests + 1
local names, held = {'minute', 'day', 'month'}, {}
for i, window in ipairs(windows) do
  hold_in(window, units, i == 1 and 0 or extra, now)
  table.insert(held, names[i])
  table.insert(held, window.name)
end
for _, numbered in ipairs(project) do
  hold_in(numbered[2], units, 0, now)
  table.insert(held, 'project_' .. names[numbered[1]])
  table.insert(held, numbered[2].name)
end
if extra > 0 then
  for _, word in ipairs({'extra', int(extra), 'extra_from', spender.record.extra_from}) do table.insert(held, word) end
end

if ARGV[21] ~= '' then redis.call('HSET', KEYS[1], 'last_used_at', int(now)) end

local expires, leases = int(now + tonumber(ARGV[18])), '${LEASES_PREFIX}' .. account
redis.call('ZREMRANGEBYSCORE', leases, '-inf', int(now))
redis.call('ZADD', leases, expires, ARGV[16])
redis.call('PEXPIRE', leases, ${MAX_LEASE_MS})
redis.call('ZADD', KEYS[3], expires, ARGV[16])
redis.call('PEXPIRE', KEYS[3], ${OPEN_KEPT_MS})
redis.call('HSET', KEYS[2], 'state', 'open', 'account', account, 'units', int(units), 'model', ARGV[19],
  'task', ARGV[20], 'plan', ARGV[7], 'key', ARGV[21], 'reserved_at', int(now), unpack(held))
redis.call('PEXPIRE', KEYS[2], ${OPEN_KEPT_MS})
running = running + 1
return reply('granted')
`,
}
