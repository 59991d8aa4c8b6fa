import type { Script } from '../../shared/redis-script.ts'
import { USAGE_PREFIX } from '../store/redis-keys.ts'

/** Milliseconds for which an account's sums of a month are kept after the last event in them. */
export const ROLLED_KEPT_MS = 400 * 24 * 3_600_000

/**
 * Keeps two streams within their bounds. The oldest usage events above the bound are added to the sums of their account
 * and month, and taken off; the oldest acts above theirs are taken off. Whoever calls it at the same time takes others.
 *
 * A call takes at most 1000 of each: an id is a value on Lua's stack, which holds 8000.
 */
export const ROLL_UP: Script = {
  name: 'roll_up',
  sha: '07372eb9e40817746990e706fe536d94a90cc333',
  lua: `
-- KEYS[1] usage events: stream
-- KEYS[2] acts: stream
-- ARGV[1] ARGV[2] how many events, and acts, are kept at most
-- ARGV[3] how many of each are taken off at most
-- Returns {events and acts that are there then, events and acts taken off}.
local function oldest(stream, most)
  local there = redis.call('XLEN', stream)
  local over = math.min(there - tonumber(most), tonumber(ARGV[3]))
  if over <= 0 then return there, {} end
  return there, redis.call('XRANGE', stream, '-', '+', 'COUNT', over)
end

local function take_off(stream, entries)
  if #entries == 0 then return end
  local ids = {}
  for _, entry in ipairs(entries) do table.insert(ids, entry[1]) end
  redis.call('XDEL', stream, unpack(ids))
end

local events, old_events = oldest(KEYS[1], ARGV[1])
local sums = {}
for _, entry in ipairs(old_events) do
  local event = {}
  for i = 1, #entry[2], 2 do event[entry[2][i]] = entry[2][i + 1] end
  if event.account and event.month and event.model then
    local key = '${USAGE_PREFIX}' .. event.account .. ':' .. event.month
    sums[key] = sums[key] or {}
    local function add(what, number)
      local field = event.model .. ':' .. what
      sums[key][field] = (sums[key][field] or 0) + (tonumber(number) or 0)
    end
    add('requests', event.kind == 'charge' and 1 or 0)
    for _, what in ipairs({'prompt_tokens', 'output_tokens', 'units'}) do add(what, event[what]) end
  end
end
for key, fields in pairs(sums) do
  for field, number in pairs(fields) do
    if number ~= 0 then redis.call('HINCRBY', key, field, string.format('%.0f', number)) end
  end
  redis.call('PEXPIRE', key, ${ROLLED_KEPT_MS})
end
take_off(KEYS[1], old_events)

local acts, old_acts = oldest(KEYS[2], ARGV[2])
take_off(KEYS[2], old_acts)
return {events - #old_events, acts - #old_acts, #old_events, #old_acts}
`,
}
