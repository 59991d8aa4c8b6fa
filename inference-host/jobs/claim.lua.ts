import { CLOCK_LUA } from '../../shared/clock.lua.ts'
import { END_JOB_LUA } from '../../shared/jobs/end.lua.ts'
import { JOB_GROUP, JOB_PREFIX } from '../../shared/jobs/record.ts'
import { SERVED_LUA } from '../../shared/jobs/served.lua.ts'
import type { Script } from '../../shared/redis-script.ts'
import { CONSUMER } from './consumer.ts'

/** Entries that one call looks at, and pages of claims that it leafs through for one that has lapsed. */
const MOST_ENTRIES = 100

/**
 * How often a job is taken over with no result added; the next host ends it as failed. So six hosts may die of a job without
 * results, the first one and five that took it over.
 */
export const MOST_TAKEOVERS = 5

/**
 * Gives a host the next job. A job whose host has not renewed its claim comes first, then the oldest that nobody has.
 * On the way, the script deletes entries of jobs that are no more. It ends jobs that are cancelled or too late, and
 * jobs that killed every host that had them.
 */
export const CLAIM_JOB: Script = {
  name: 'claim_job',
  sha: '64292e8435542fbabb5e5352875a35cfe83099d3',
  lua: `
-- KEYS: streams of the models that the host has time for, in the order in which they are looked at.
-- ARGV[1]: the claim, new each time
-- ARGV[2]: ms after which a claim that was not renewed has lapsed
-- ARGV[3]: ms within which the host looks again
-- Returns nothing where there is no job; else {number of its stream, entry, id, 1 where taken over or 0,
-- record, inputs, indexes with results}, the record and the inputs as HGETALL gives them.
${CLOCK_LUA}${END_JOB_LUA}${SERVED_LUA}
local function lapsed(stream)
  local from = '0-0'
  for _ = 1, ${MOST_ENTRIES} do
    local page = redis.call('XAUTOCLAIM', stream, '${JOB_GROUP}', '${CONSUMER}', ARGV[2], from, 'COUNT', 1)
    if page[2][1] then return page[2][1] end
    from = page[1]
    if from == '0-0' then return nil end
  end
end

local function unread(stream)
  local read = redis.call('XREADGROUP', 'GROUP', '${JOB_GROUP}', '${CONSUMER}', 'COUNT', 1, 'STREAMS', stream, '>')
  return read and read[1] and read[1][2][1]
end

local now = now_ms(0)
look_for(KEYS, now, ARGV[3])
for number, stream in ipairs(KEYS) do
  local more = redis.call('EXISTS', stream) == 1
  -- Fails where the group is there already.
  if more then redis.pcall('XGROUP', 'CREATE', stream, '${JOB_GROUP}', '0') end
  for _ = 1, ${MOST_ENTRIES} do
    local entry = more and (lapsed(stream) or unread(stream))
    if not entry then break end
    local id = entry[2] and entry[2][2] or ''
    local job = '${JOB_PREFIX}' .. id
    local record = redis.call('HMGET', job, 'state', 'entry', 'cancel', 'deadline', 'claim')
    local state, its_entry, cancel, deadline, claim = unpack(record, 1, 5)
    if its_entry ~= entry[1] or (state ~= 'queued' and state ~= 'running') then
      drop_entry(stream, entry[1])
    elseif cancel then
      end_job(id, stream, entry[1], 'cancelled', now)
    elseif (tonumber(deadline) or 0) <= now then
      end_job(id, stream, entry[1], 'expired', now)
    elseif claim and redis.call('HINCRBY', job, 'takeovers', 1) > ${MOST_TAKEOVERS} then
      end_job(id, stream, entry[1], 'failed', now)
    else
      redis.call('HSET', job, 'claim', ARGV[1], 'state', 'running', 'reports', 0)
      redis.call('HSETNX', job, 'started_at', int(now))
      return {number, entry[1], id, claim and 1 or 0,
        redis.call('HGETALL', job), redis.call('HGETALL', job .. ':inputs'), redis.call('HKEYS', job .. ':results')}
    end
  end
end
return {}
`,
}
