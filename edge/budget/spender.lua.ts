import { LEASES_PREFIX } from '../store/redis-keys.ts'
import { CALLER_LUA } from './caller.lua.ts'

/**
 * Lua shared by reserve, enqueue and usage: who pays, by which plan, with what is left of a grant. These scripts have the
 * arguments for this in the same places.
 */
export const SPENDER_LUA = `${CALLER_LUA}
-- KEYS[1] the API key's record: hash; any name where the caller has a token
-- ARGV[1] now (ms), 0 for the server's clock
-- ARGV[2] account of a token; empty for an API key, whose record names it
-- ARGV[3] when the token was issued (s)
-- ARGV[4] SHA-256 of the API key's secret (hex); empty for a token
-- ARGV[5] scopes that an API key must have, with spaces between; empty for none
-- ARGV[6] plan that the token names, or the default one
-- ARGV[7] plan that the limits are of
-- ARGV[8] ARGV[9] requests a minute, and at the same time (of a job: open jobs)
-- ARGV[10] ARGV[11] ARGV[12] budgets of minute, day, month (units)
-- ARGV[13] the plan's billing day, 1 for the calendar's months

-- {account, its record, units granted and not drawn}, or nil and the refusal.
local function identify(now)
  local caller, refusal = caller_of(KEYS[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], now)
  if not caller then return nil, refusal end
  local record = caller.record
  local plan = record.plan or caller.plan or ARGV[6]
  if plan ~= ARGV[7] then return nil, {'plan_is', plan} end
  local granted = 0
  if tonumber(record.extra_until or 0) > now then granted = tonumber(record.extra_units) end
  return {account = caller.account, record = record, granted = granted}
end

local function windows_of(spender, now)
  local limits = {tonumber(ARGV[10]), tonumber(ARGV[11]), tonumber(ARGV[12])}
  local billing_day = tonumber(spender.record.billing_day or ARGV[13])
  return account_windows(spender.account, now, limits, billing_day, spender.granted)
end

-- Leases that have not run out.
local function running_of(spender, now)
  return redis.call('ZCOUNT', '${LEASES_PREFIX}' .. spender.account, '(' .. int(now), '+inf')
end
`
