import type { Script } from '../../shared/redis-script.ts'

/**
 * Acknowledges acts, sets aside those that can never be stored, and trims old acts that the ledger has from the log.
 *
 * A call takes at most 1000 entries: each is a value on Lua's stack, which holds 8000. Only the drain that acknowledges
 * an entry first sets it aside, so two drains at once make one dead letter of it. A dead letter is as in
 * edge/ledger/finish.lua.ts; the act's own reason is called `act_reason` there.
 */
export const FINISH_ACTS: Script = {
  name: 'finish_acts',
  sha: '3f0acffaaa1b0773b9117a7a59603b39a237be58',
  lua: `
-- KEYS[1] acts: stream
-- KEYS[2] dead letters: stream
-- ARGV[1] consumer group
-- ARGV[2] dead letters kept at most, about
-- ARGV[3] acts kept at least
-- ARGV[4] acts taken off at most
-- ARGV[5] how many entries are stored, then their ids; then an id and a reason for each one to set aside
-- Returns how many acts were taken off.
local time = redis.call('TIME')
local now = string.format('%.0f', tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000))
local stored = tonumber(ARGV[5])

if stored > 0 then redis.call('XACK', KEYS[1], ARGV[1], unpack(ARGV, 6, 5 + stored)) end
for i = 6 + stored, #ARGV, 2 do
  local id, found = ARGV[i], redis.call('XRANGE', KEYS[1], ARGV[i], ARGV[i])
  if redis.call('XACK', KEYS[1], ARGV[1], id) == 1 then
    local letter = {'reason', ARGV[i + 1], 'entry', id, 'buried_at', now}
    for at, word in ipairs(found[1] and found[1][2] or {}) do
      table.insert(letter, at % 2 == 1 and word == 'reason' and 'act_reason' or word)
    end
    redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[2], '*', unpack(letter))
  end
end

local over = math.min(redis.call('XLEN', KEYS[1]) - tonumber(ARGV[3]), tonumber(ARGV[4]))
if over <= 0 then return 0 end
-- Entries are handed out in order: what lies before the first one that is not finished, or else before the last that was
-- finished here, is finished.
local waiting = redis.call('XPENDING', KEYS[1], ARGV[1])[2]
local before = waiting or ARGV[stored > 0 and 5 + stored or 6]
local ids = {}
for _, entry in ipairs(redis.call('XRANGE', KEYS[1], '-', '(' .. before, 'COUNT', over)) do
  table.insert(ids, entry[1])
end
if #ids == 0 then return 0 end
return redis.call('XDEL', KEYS[1], unpack(ids))
`,
}
