import { DAILY_SUMS_LUA } from '../stats/daily-sums.lua.ts'
import { ACCOUNT_PREFIX, BUDGET_PREFIX, PROJECT_PREFIX } from '../store/redis-keys.ts'
import { THRESHOLDS } from './port.ts'

/**
 * Lua shared by the two scripts that charge a reservation: settle and sweep. It needs CLOCK_LUA and WINDOWS_LUA before it.
 *
 * The script that charges also writes the usage event, so the sum of the events' `units` is the sum of the counters'
 * `used`. The event's fields:
 *
 * - `request_id`
 * - `kind`: `charge`, or `correction` when a late settlement corrects what the sweep charged; then `units` and
 *   `extra_units` are differences, which may be negative
 * - `account`, `model`, `task`, `plan`
 * - `version`: the model's version; empty where it has none, or nobody said which it was
 * - `key`: id of the API key, empty for a token
 * - `month`: the account's month that was charged: a UTC month, or its first day where it has a billing day
 * - `prompt_tokens`, `output_tokens`, `compute_ms`
 * - `units` (charged), `extra_units` (those of them that a grant paid), `reserved_units`
 * - `reported_units`: what the host said; more than `reserved_units` marks a host that broke its bound
 * - `outcome`
 * - `reserved_at` (ms; names the other windows that were charged) and `at` (ms)
 *
 * With the event go its sums (edge/stats/daily-sums.lua.ts).
 *
 * A threshold is reported once in the life of a window: `told` in its hash only rises, even when a correction takes the
 * window below the threshold again.
 */
export const SETTLEMENT_LUA = `
local function period_of(name) return string.match(name, ':(.*)$') end
${DAILY_SUMS_LUA}

-- A reservation keeps the names of its windows, not their keys: short values keep its hash small.
local function own_key(record, window) return '${BUDGET_PREFIX}' .. record.account .. ':' .. record[window] end

-- Replaces units held by units used in every window of a reservation. Gives the thresholds that this crossed:
-- {account or nothing for the project, window, its name, per cent, used, limit}. Counters whose window is long over
-- have expired; adding to them would make keys that never do.
local function charge_windows(record, held, used, crossed)
  for _, name in ipairs({'minute', 'day', 'month', 'project_day', 'project_month'}) do
    local of_project = string.match(name, '^project_(.*)$')
    local key = record[name] and (of_project and '${PROJECT_PREFIX}' .. record[name] or own_key(record, name))
    local counters = key and redis.call('HMGET', key, 'held', 'used', 'limit', 'told')
    if counters and counters[1] then
      if held ~= 0 then redis.call('HINCRBY', key, 'held', int(held)) end
      if used ~= 0 then redis.call('HINCRBY', key, 'used', int(used)) end
      local total, limit = tonumber(counters[2] or 0) + used, tonumber(counters[3])
      if name == 'day' then record.day_used = total end
      local told = name == 'minute' and 100 or tonumber(counters[4] or 0)
      for _, percent in ipairs({${THRESHOLDS.join(', ')}}) do
        if percent > told and limit > 0 and total * 100 >= limit * percent then
          redis.call('HSET', key, 'told', percent)
          table.insert(crossed, {of_project and '' or record.account, of_project or name, period_of(record[name]), percent,
            total, limit})
        end
      end
    end
  end
end

-- Gives units of a grant that were not needed back, to the grant only while it is the same. Returns how many.
local function give_back(record, unused)
  local back = math.min(tonumber(record.extra or 0), unused)
  if back <= 0 then return 0 end
  for _, name in ipairs({'day', 'month'}) do
    local key = own_key(record, name)
    if redis.call('HEXISTS', key, 'extra') == 1 then redis.call('HINCRBY', key, 'extra', int(-back)) end
  end
  local account = '${ACCOUNT_PREFIX}' .. record.account
  if redis.call('HGET', account, 'extra_from') == record.extra_from then
    redis.call('HINCRBY', account, 'extra_units', int(back))
  end
  return back
end

-- report: units (as reported), prompt_tokens, output_tokens, compute_ms, outcome; charged: units in all; measured: times as
-- a text of sums, where they are known.
local function write_event(stream, request_id, record, kind, units, extra, report, now)
  redis.call('XADD', stream, '*', 'request_id', request_id, 'kind', kind,
    'account', record.account, 'model', record.model, 'task', record.task, 'plan', record.plan, 'key', record.key,
    'month', period_of(record.month),
    'prompt_tokens', report.prompt_tokens, 'output_tokens', report.output_tokens, 'compute_ms', report.compute_ms,
    'units', int(units), 'extra_units', int(extra), 'reserved_units', record.units, 'reported_units', report.units,
    'outcome', report.outcome, 'reserved_at', record.reserved_at, 'at', int(now), 'version', record.version or '')
  roll_up(request_id, record, kind, units, report, now)
end
`
