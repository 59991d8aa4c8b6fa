import { MINUTE_KEPT_MS, WINDOW_KEPT_MS } from '../store/lifetimes.ts'
import { BUDGET_PREFIX, MONTH_PREFIX, PROJECT_PREFIX } from '../store/redis-keys.ts'

/**
 * Lua shared by the scripts that read counters: the present minute, day and month, and their counters.
 *
 * A window is a hash: `used` and `held` in units, `requests` (minutes only), `limit` (the budget that it was last
 * checked against, for thresholds), `extra` (units of a grant drawn beyond it), `told` (highest threshold reported, in
 * per cent), `kept` (days only: characters of answers kept for idempotency keys).
 *
 * Minutes and days are UTC's. An account's month begins on its billing day, or on the last day of a month that is too
 * short. The default, the first of the month, makes it a UTC month. A month that has begun stays as it is when the billing
 * day changes (by administration, by another plan, in the catalog): the new day cuts the next one, which is never shorter
 * than 28 days. So no change gives a budget again early. The civil date is Howard Hinnant's
 * `civil_from_days` (howardhinnant.github.io/date_algorithms.html), since Redis gives its scripts no calendar.
 */
export const WINDOWS_LUA = `
local function civil_from_days(days)
  local shifted = days + 719468
  local era = math.floor(shifted / 146097)
  local day_of_era = shifted - era * 146097
  local year_of_era = math.floor((day_of_era - math.floor(day_of_era / 1460)
    + math.floor(day_of_era / 36524) - math.floor(day_of_era / 146096)) / 365)
  local day_of_year = day_of_era
    - (365 * year_of_era + math.floor(year_of_era / 4) - math.floor(year_of_era / 100))
  local march_month = math.floor((5 * day_of_year + 2) / 153)
  local day = day_of_year - math.floor((153 * march_month + 2) / 5) + 1
  local month = march_month < 10 and march_month + 3 or march_month - 9
  local year = year_of_era + era * 400 + (month <= 2 and 1 or 0)
  return year, month, day
end

local function month_days(year, month)
  local leap = year % 4 == 0 and (year % 100 ~= 0 or year % 400 == 0)
  return ({31, leap and 29 or 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31})[month]
end

local function date_of(days) return string.format('%04.0f-%02.0f-%02.0f', civil_from_days(days)) end

-- The first day of the month that holds a day, and the first of the next, as days since the epoch.
local function month_of(days, billing_day)
  local year, month, day = civil_from_days(days)
  local first = days - day
  local start = first + math.min(billing_day, month_days(year, month))
  if days >= start then
    local next_year, next_month = year, month + 1
    if month == 12 then next_year, next_month = year + 1, 1 end
    return start, first + month_days(year, month) + math.min(billing_day, month_days(next_year, next_month))
  end
  local last_year, last_month = year, month - 1
  if month == 1 then last_year, last_month = year - 1, 12 end
  local length = month_days(last_year, last_month)
  return first - length + math.min(billing_day, length), start
end

local function read_window(prefix, name, ends, limit, kept)
  local key = prefix .. name
  local counters = redis.call('HMGET', key, 'used', 'held', 'extra', 'requests', 'limit')
  return {key = key, name = name, ends = ends, kept = kept, limit = limit, stored_limit = counters[5],
    requests = tonumber(counters[4] or 0), used = tonumber(counters[1] or 0), held = tonumber(counters[2] or 0), extra = tonumber(counters[3] or 0)}
end

local function day_window(prefix, now, limit)
  local days = math.floor(now / 86400000)
  return read_window(prefix, 'day:' .. date_of(days), (days + 1) * 86400000, limit, ${WINDOW_KEPT_MS})
end

-- The name of a month, and its end as days since the epoch.
local function month_name(now, billing_day)
  local starts, ends = month_of(math.floor(now / 86400000), billing_day)
  local name = date_of(starts)
  if billing_day == 1 then name = string.sub(name, 1, 7) end
  return 'month:' .. name, ends
end

local function month_window(prefix, now, limit, billing_day)
  local name, ends = month_name(now, billing_day)
  return read_window(prefix, name, ends * 86400000, limit, ${WINDOW_KEPT_MS})
end

-- The account's month: the one that it is in, else the next by its billing day. The last result is what is to be written
-- down where the month is not.
local function account_month(account, now, limit, billing_day)
  local prefix, key, days = '${BUDGET_PREFIX}' .. account .. ':', '${MONTH_PREFIX}' .. account, math.floor(now / 86400000)
  local from, ends, name = string.match(redis.call('GET', key) or '', '^(%d+) (%d+) (.*)$')
  from, ends = tonumber(from), tonumber(ends)
  local is_written = from and from <= days and days < ends
  if not is_written then
    local starts, last_end = nil, ends
    starts, ends = month_of(days, billing_day)
    -- The last month ended in the middle of this one: the billing day has changed since it began.
    if last_end and starts < last_end and last_end <= days then
      starts = last_end
      while ends - starts < 28 do
        local _, next_ends = month_of(ends, billing_day)
        ends = next_ends
      end
    end
    from, name = starts, 'month:' .. date_of(starts)
    local _, _, day = civil_from_days(starts)
    if billing_day == 1 and day == 1 then name = string.sub(name, 1, 13) end
  end
  local window = read_window(prefix, name, ends * 86400000, limit, ${WINDOW_KEPT_MS})
  if not is_written then
    window.written = {key = key, text = int(from) .. ' ' .. int(ends) .. ' ' .. name, life_ms = (ends + 32) * 86400000 - now}
  end
  return window
end

-- An account's minute, day and month. A grant adds to day and month alone: a minute's budget is a rate.
local function account_windows(account, now, limits, billing_day, granted)
  local prefix = '${BUDGET_PREFIX}' .. account .. ':'
  local minute = math.floor(now / 60000)
  local days = math.floor(minute / 1440)
  local in_day = minute - days * 1440
  local clock = string.format('%sT%02.0f:%02.0f', date_of(days), math.floor(in_day / 60), in_day % 60)
  local windows = {
    read_window(prefix, 'minute:' .. clock, (minute + 1) * 60000, limits[1], ${MINUTE_KEPT_MS}),
    day_window(prefix, now, limits[2]),
    account_month(account, now, limits[3], billing_day),
  }
  for i, window in ipairs(windows) do window.granted = i == 1 and 0 or granted end
  return windows
end

-- The whole deployment's day and month, each where it has a budget: {number in BUDGET_WINDOWS, window}.
local function project_windows(now, day_limit, month_limit)
  local windows = {}
  if day_limit >= 0 then table.insert(windows, {2, day_window('${PROJECT_PREFIX}', now, day_limit)}) end
  if month_limit >= 0 then table.insert(windows, {3, month_window('${PROJECT_PREFIX}', now, month_limit, 1)}) end
  return windows
end

-- Units that do not fit, 0 where all do.
local function lacking(window, units)
  return math.max(0, units - (window.limit + window.extra - window.used - window.held))
end

local function hold_in(window, units, extra, now)
  window.held = window.held + units
  redis.call('HINCRBY', window.key, 'held', int(units))
  if extra > 0 then redis.call('HINCRBY', window.key, 'extra', int(extra)) end
  local limit = int(window.limit)
  if window.stored_limit ~= limit then redis.call('HSET', window.key, 'limit', limit) end
  redis.call('PEXPIRE', window.key, int(window.ends - now + window.kept))
  if window.written then
    redis.call('SET', window.written.key, window.written.text)
    redis.call('PEXPIRE', window.written.key, int(window.written.life_ms))
  end
end

-- {code, account, running, requests, then limit, used, held (units) and ms to the end of minute, day and month}
local function counters_reply(code, account, running, windows, now)
  local reply = {code, account, running, windows[1].requests}
  for _, window in ipairs(windows) do
    table.insert(reply, window.limit + window.extra + window.granted)
    table.insert(reply, window.used)
    table.insert(reply, window.held)
    table.insert(reply, window.ends - now)
  end
  return reply
end
`
