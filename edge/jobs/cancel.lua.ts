import { CLOCK_LUA } from '../../shared/clock.lua.ts'
import { END_JOB_LUA } from '../../shared/jobs/end.lua.ts'
import { JOB_STREAM_PREFIX } from '../../shared/jobs/record.ts'
import type { Script } from '../../shared/redis-script.ts'

/** Ends an account's job if no host has it; otherwise asks the host that has it to stop. */
export const CANCEL_JOB: Script = {
  name: 'cancel_job',
  sha: 'd7bf1148ea94b8f51da296c926bda57a745b5722',
  lua: `
-- KEYS[1] the job's record: hash
-- ARGV[1] now (ms), 0 for the server's clock
-- ARGV[2] the job's id
-- ARGV[3] account
-- Returns the record as it is then, names and texts in turn; nothing where the account has no such job.
${CLOCK_LUA}${END_JOB_LUA}
local record = read_record(KEYS[1])
if record.account ~= ARGV[3] then return {} end
if record.state == 'queued' or record.state == 'running' then
  redis.call('HSET', KEYS[1], 'cancel', '1')
  if not record.claim then
    end_job(ARGV[2], '${JOB_STREAM_PREFIX}' .. record.model, record.entry, 'cancelled', now_ms(tonumber(ARGV[1])))
  end
end
return redis.call('HGETALL', KEYS[1])
`,
}
