import { CLOCK_LUA } from '../../shared/clock.lua.ts'
import { END_JOB_LUA } from '../../shared/jobs/end.lua.ts'
import type { Script } from '../../shared/redis-script.ts'

/** Ends a job for the host that has it. A second call with the same claim says ok and changes nothing. */
export const END_JOB: Script = {
  name: 'end_job',
  sha: '385763da990b3f97dd7d5292ffd93a39cc6d729e',
  lua: `
-- KEYS[1]: the job; KEYS[2]: its results; KEYS[3]: its model's stream
-- ARGV[1]: the claim; ARGV[2]: the job's entry; ARGV[3]: its id; ARGV[4]: done, cancelled, expired or failed
-- Returns ok, or lost where it is not this claim's.
-- A job is done only where each input has a result, else it has failed.
${CLOCK_LUA}${END_JOB_LUA}
local record = redis.call('HMGET', KEYS[1], 'claim', 'state', 'count')
local claim, state, count = unpack(record, 1, 3)
if claim ~= ARGV[1] then return 'lost' end
if state ~= 'running' then return 'ok' end
local complete = ARGV[4] ~= 'done' or redis.call('HLEN', KEYS[2]) == tonumber(count)
end_job(ARGV[3], KEYS[3], ARGV[2], complete and ARGV[4] or 'failed', now_ms(0))
return 'ok'
`,
}
