import { JOB_GROUP } from '../../shared/jobs/record.ts'
import type { Script } from '../../shared/redis-script.ts'
import { CONSUMER } from './consumer.ts'

/** Gives back an unfinished job, so that the next host that looks takes it over at once. */
export const RELEASE_JOB: Script = {
  name: 'release_job',
  sha: 'cb61c2f073243899e8f12f5c6d5300ee65f8f39e',
  lua: `
-- KEYS[1]: the job; KEYS[2]: its model's stream
-- ARGV[1]: the claim; ARGV[2]: the job's entry; ARGV[3]: ms after which a claim that was not renewed has lapsed
-- Returns ok, or lost where it is not this claim's or has ended.
local record = redis.call('HMGET', KEYS[1], 'claim', 'state')
if record[1] ~= ARGV[1] or record[2] ~= 'running' then return 'lost' end
redis.call('HDEL', KEYS[1], 'claim')
redis.call('HSET', KEYS[1], 'state', 'queued')
redis.call('XCLAIM', KEYS[2], '${JOB_GROUP}', '${CONSUMER}', 0, ARGV[2], 'IDLE', ARGV[3], 'JUSTID')
return 'ok'
`,
}
