import { ACCOUNT_PREFIX, LEASES_PREFIX } from '../store/redis-keys.ts'

/**
 * Lua shared by reserve and usage. It finds out who pays, by the records of accounts and API keys
 * (edge/budget/accounts.ts). Both scripts have the arguments for this in the same places.
 *
 * A record takes effect from the next request on, whatever a still valid token says.
 */
export const SPENDER_LUA = `
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
  local account, plan = ARGV[2], ARGV[6]
  if account == '' then
    local key = read_record(KEYS[1])
    if key.account == nil or key.secret_hash ~= ARGV[4] then return nil, {'key_invalid'} end
    if key.revoked == '1' then return nil, {'key_revoked'} end
    if key.expires_at and tonumber(key.expires_at) <= now then return nil, {'key_expired'} end
    for scope in string.gmatch(ARGV[5], '%S+') do
      if not string.find(' ' .. (key.scopes or '') .. ' ', ' ' .. scope .. ' ', 1, true) then
        return nil, {'scope_missing'}
      end
    end
    account, plan = key.account, key.plan or plan
  end
  local record = read_record('${ACCOUNT_PREFIX}' .. account)
  if record.status == 'suspended' then return nil, {'account_suspended'} end
  if ARGV[2] ~= '' and tonumber(ARGV[3]) < tonumber(record.revoked_before or 0) then return nil, {'token_revoked'} end
  plan = record.plan or plan
  if plan ~= ARGV[7] then return nil, {'plan_is', plan} end
  local granted = 0
  if tonumber(record.extra_until or 0) > now then granted = tonumber(record.extra_units) end
  return {account = account, record = record, granted = granted}
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
