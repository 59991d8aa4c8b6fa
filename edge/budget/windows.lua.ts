import { WINDOW_KEPT_MS } from './keys.ts'

/**
 * Lua shared by the scripts that look at counters: which UTC minute, day and month it is, and what they hold.
 *
 * The civil date is Howard Hinnant's `civil_from_days` (howardhinnant.github.io/date_algorithms.html), since Redis
 * gives its scripts no calendar.
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

-- Counters of minute, day and month: {key, ends (ms), used, held (units)}; and the minute's requests.
local function read_windows(prefix, now)
  local days = math.floor(now / 86400000)
  local year, month, day = civil_from_days(days)
  local minute = math.floor(now / 60000)
  local month_name = string.format('%04.0f-%02.0f', year, month)
  local day_name = string.format('%s-%02.0f', month_name, day)
  local in_day = minute - days * 1440
  local clock = string.format('%02.0f:%02.0f', math.floor(in_day / 60), in_day % 60)
  local windows = {
    {key = prefix .. 'minute:' .. day_name .. 'T' .. clock, ends = (minute + 1) * 60000},
    {key = prefix .. 'day:' .. day_name, ends = (days + 1) * 86400000},
    {key = prefix .. 'month:' .. month_name, ends = (days - day + 1 + month_days(year, month)) * 86400000},
  }
  local requests = 0
  for i, window in ipairs(windows) do
    local counters = redis.call('HMGET', window.key, 'used', 'held', 'requests')
    window.used = tonumber(counters[1] or 0)
    window.held = tonumber(counters[2] or 0)
    if i == 1 then requests = tonumber(counters[3] or 0) end
  end
  return windows, requests
end

local function keep_window(window, now)
  redis.call('PEXPIRE', window.key, int(window.ends - now + ${WINDOW_KEPT_MS}))
end

-- Leases that have not run out.
local function running(leases, now) return redis.call('ZCOUNT', leases, '(' .. int(now), '+inf') end

-- {code, running, requests, then used, held (units) and ms to the end of minute, day and month}
local function counters_reply(code, running_now, requests, windows, now)
  local reply = {code, running_now, requests}
  for _, window in ipairs(windows) do
    table.insert(reply, window.used)
    table.insert(reply, window.held)
    table.insert(reply, window.ends - now)
  end
  return reply
end
`
