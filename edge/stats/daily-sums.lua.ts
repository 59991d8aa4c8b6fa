import { HISTORY_KEPT_MS } from '../store/lifetimes.ts'
import { HISTORY_PREFIX, LATEST_PREFIX, METRICS_KEY, STATS_PREFIX, TOP_PREFIX } from '../store/redis-keys.ts'
import { OUTCOME_NAMES, OUTPUT, PROMPT, UNITS } from './usage-sums.ts'

/** Bytes of an account's latest requests that are kept, the latest first: some 55 of them. */
export const LATEST_BYTES = 6 * 1024

/** How many accounts of a day are kept: those that used the most units. */
export const TOP_KEPT = 100

/**
 * Lua shared by the scripts that write a usage event. What they roll up, they roll up in the same step, so the sums are
 * those of the events, whoever dies where. A day is the UTC day of the reservation, as in the ledger's `usage_daily` and
 * in the day's counters.
 *
 * A field of sums is `{day} {task} {model}`, such as `21 chat tiny-chat`, in the hash of its month; of all accounts
 * `{day} {task} {version, or -} {model}`. A month's hash is
 * read by one command. Its value is text of edge/stats/packed.ts. Models are those of the catalog, so fields are bounded.
 *
 * The top accounts are exact although only so many are kept: an account's score is what its day's counter says, which
 * comes with each of its charges, and never only what was added since it was last dropped.
 */
export const DAILY_SUMS_LUA = `
local OUTCOMES = {${Object.entries(OUTCOME_NAMES)
  .map(([outcome, name]) => `${outcome} = '${name}'`)
  .join(', ')}}

local function add_to(text, name, number)
  if number == 0 then return text end
  local from, to, before = string.find(text, ' ' .. name .. '=(-?%d+)')
  if not from then return text .. ' ' .. name .. '=' .. int(number) end
  return string.sub(text, 1, from) .. name .. '=' .. int(tonumber(before) + number) .. string.sub(text, to + 1)
end

-- Adds sums, and a text of sums, to a field.
local function add_sums(key, field, sums, more, for_ever)
  local before = redis.call('HGET', key, field)
  local text = before or ''
  for name, number in pairs(sums) do text = add_to(text, name, number) end
  for name, number in string.gmatch(more or '', '([%w_]+)=(%d+)') do text = add_to(text, name, tonumber(number)) end
  redis.call('HSET', key, field, text)
  if not before and not for_ever then redis.call('PEXPIRE', key, ${HISTORY_KEPT_MS}) end
end

-- Rolls up what an event says. record.day_used is what the day's counter says now, where it is still there.
local function roll_up(request_id, record, kind, units, report, now)
  local date = period_of(record.day)
  local month, day = string.sub(date, 1, 7), string.sub(date, 9)
  local field = day .. ' ' .. record.task .. ' ' .. record.model
  local sums = {${PROMPT} = tonumber(report.prompt_tokens), ${OUTPUT} = tonumber(report.output_tokens), ${UNITS} = units}
  -- A correction is no other request: it ended in another way than the sweep had to assume.
  if kind == 'correction' then sums[OUTCOMES.unsettled] = -1 end
  local outcome = OUTCOMES[report.outcome]
  sums[outcome] = (sums[outcome] or 0) + 1

  local latest = '${LATEST_PREFIX}' .. record.account
  add_sums('${HISTORY_PREFIX}' .. record.account .. ':' .. month, field, sums)
  local text = table.concat({request_id, int(now),
    report.outcome, report.prompt_tokens, report.output_tokens, report.charged,
    string.match(report.measured or '', ' ms=(%d+)') or '-', record.task, record.model}, ' ') .. '\\n' .. (redis.call('GET', latest) or '')
  if #text > ${LATEST_BYTES} then text = string.match(string.sub(text, 1, ${LATEST_BYTES}), '^.*\\n') or '' end
  redis.call('SET', latest, text, 'PX', ${HISTORY_KEPT_MS})

  local version = record.rolled_as or record.version or ''
  if version == '' then version = '-' end
  local versioned = day .. ' ' .. record.task .. ' ' .. version .. ' ' .. record.model
  add_sums('${STATS_PREFIX}' .. month, versioned, sums, report.measured)
  -- A counter never falls, so a correction is not in it.
  if report.metrics and kind == 'charge' then
    add_sums('${METRICS_KEY}', record.task .. ' ' .. version .. ' ' .. record.model, sums, report.measured, true)
  end

  if record.day_used and record.day_used > 0 then
    local top = '${TOP_PREFIX}' .. date
    if redis.call('ZADD', top, int(record.day_used), record.account) == 1 then
      redis.call('ZREMRANGEBYRANK', top, 0, ${-TOP_KEPT - 1})
      redis.call('PEXPIRE', top, ${HISTORY_KEPT_MS})
    end
  end
end

-- Adds errors that an edge has counted since it last said, as a text of sums, to those of today.
local function count_errors(errors, now, metrics)
  if errors == '' then return end
  local date = date_of(math.floor(now / 86400000))
  add_sums('${STATS_PREFIX}' .. string.sub(date, 1, 7), string.sub(date, 9) .. ' errors', {}, errors)
  if metrics then add_sums('${METRICS_KEY}', 'errors', {}, errors, true) end
end
`
