/**
 * Lua shared by the two scripts that charge a reservation: settle and sweep.
 *
 * A usage event is written by the same script that charges, so the sum of the events' `units` is the sum of the
 * counters' `used`. Its fields: `request_id`, `kind` (`charge`, or `correction` when a late settlement corrects what
 * the sweep charged; then `units` is the difference, which may be negative), `account`, `model`, `task`, `plan`,
 * `prompt_tokens`, `output_tokens`, `compute_ms`, `units` (charged), `reserved_units`, `reported_units` (what the
 * host said; more than `units` marks a host that broke its bound), `outcome`, `reserved_at` (ms; names the windows
 * that were charged) and `at` (ms).
 */
export const SETTLEMENT_LUA = `
local function read_record(key)
  local fields, record = redis.call('HGETALL', key), {}
  for i = 1, #fields, 2 do record[fields[i]] = fields[i + 1] end
  return record
end

-- Counters whose window is long over have expired; adding to them would make keys that never do.
local function add_to_windows(record, held, used)
  for _, window in ipairs({'minute', 'day', 'month'}) do
    local key = record[window]
    if redis.call('EXISTS', key) == 1 then
      if held ~= 0 then redis.call('HINCRBY', key, 'held', int(held)) end
      if used ~= 0 then redis.call('HINCRBY', key, 'used', int(used)) end
    end
  end
end

local function write_event(stream, request_id, record, kind, units, report, now)
  redis.call('XADD', stream, '*', 'request_id', request_id, 'kind', kind,
    'account', record.account, 'model', record.model, 'task', record.task, 'plan', record.plan,
    'prompt_tokens', report.prompt_tokens, 'output_tokens', report.output_tokens, 'compute_ms', report.compute_ms,
    'units', int(units), 'reserved_units', record.units, 'reported_units', report.units,
    'outcome', report.outcome, 'reserved_at', record.reserved_at, 'at', int(now))
end
`
