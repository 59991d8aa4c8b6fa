import type { Script } from '../../shared/redis-script.ts'

/**
 * Takes finished entries off the stream, and sets aside those that can never be stored.
 *
 * A call takes at most 1000 entries: each is a value on Lua's stack, which holds 8000.
 *
 * Only the drain that acknowledges an entry first sets it aside, so two drains at once make one dead letter of it. A
 * dead letter holds `reason`, `entry` (its id) and `buried_at` (ms), then the entry's own fields.
 */
export const FINISH_EVENTS: Script = {
  name: 'finish_events',
  sha: 'c6a1966d07f11d4b724a349f7001c818b3694318',
  lua: `
-- KEYS[1] usage events: stream
-- KEYS[2] dead letters: stream
-- ARGV[1] consumer group
-- ARGV[2] dead letters kept at most, about
-- ARGV[3] how many entries are stored, then their ids; then an id and a reason for each one to set aside
-- Returns how many entries were taken off.
local time = redis.call('TIME')
local now = string.format('%.0f', tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000))
local stored, finished = tonumber(ARGV[3]), 0

if stored > 0 then
  finished = redis.call('XACK', KEYS[1], ARGV[1], unpack(ARGV, 4, 3 + stored))
  redis.call('XDEL', KEYS[1], unpack(ARGV, 4, 3 + stored))
end
for i = 4 + stored, #ARGV, 2 do
  local id, found = ARGV[i], redis.call('XRANGE', KEYS[1], ARGV[i], ARGV[i])
  if redis.call('XACK', KEYS[1], ARGV[1], id) == 1 then
    local letter = {'reason', ARGV[i + 1], 'entry', id, 'buried_at', now}
    for _, word in ipairs(found[1] and found[1][2] or {}) do table.insert(letter, word) end
    redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[2], '*', unpack(letter))
    redis.call('XDEL', KEYS[1], id)
    finished = finished + 1
  end
end
return finished
`,
}
