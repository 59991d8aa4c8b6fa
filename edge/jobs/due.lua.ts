import { CLOCK_LUA } from '../../shared/clock.lua.ts'
import { END_JOB_LUA } from '../../shared/jobs/end.lua.ts'
import { JOB_PREFIX, JOB_STREAM_PREFIX } from '../../shared/jobs/record.ts'
import type { Script } from '../../shared/redis-script.ts'

/** Ends jobs past their deadline, even those that a host has. Lists ended, unsettled jobs, the oldest first. */
export const DUE_JOBS: Script = {
  name: 'due_jobs',
  sha: 'a5e5a2a1e79cf1109bac2409e77f15ef85065a6a',
  lua: `
-- KEYS[1] open jobs: sorted set by deadline (ms)
-- KEYS[2] ended jobs: sorted set by end (ms)
-- ARGV[1] how many of each at most
-- ARGV[2] now (ms), 0 for the server's clock
-- Returns {id, record with names and texts in turn, ...}.
${CLOCK_LUA}${END_JOB_LUA}
local now = now_ms(tonumber(ARGV[2]))
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', int(now), 'LIMIT', 0, ARGV[1])) do
  local record = read_record('${JOB_PREFIX}' .. id)
  if record.state == 'queued' or record.state == 'running' then
    end_job(id, '${JOB_STREAM_PREFIX}' .. record.model, record.entry, 'expired', now)
  else redis.call('ZREM', KEYS[1], id) end
end
local reply = {}
for _, id in ipairs(redis.call('ZRANGE', KEYS[2], 0, ARGV[1] - 1)) do
  table.insert(reply, id)
  table.insert(reply, redis.call('HGETALL', '${JOB_PREFIX}' .. id))
end
return reply
`,
}
