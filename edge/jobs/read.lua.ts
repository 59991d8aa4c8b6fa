import type { Script } from '../../shared/redis-script.ts'
import { PAGE_BYTES } from './results.ts'

/** Reads a job with a page of its results; writes nothing. */
export const READ_JOB: Script = {
  name: 'read_job',
  sha: 'ddacb13ae248e15ced5626aa753cc7329571bacb',
  lua: `
-- KEYS[1] KEYS[2] the job's record and results: hashes
-- ARGV[1] results of indexes above this
-- ARGV[2] results at most
-- Returns {record with names and texts in turn, 1 where there are more results, then index and result in turn}.
local reply = {redis.call('HGETALL', KEYS[1]), 0}
local bytes, most = 0, tonumber(ARGV[2])
for index = ARGV[1] + 1, (redis.call('HGET', KEYS[1], 'count') or 0) - 1 do
  local name = string.format('%.0f', index)
  local result = redis.call('HGET', KEYS[2], name)
  if result then
    bytes = bytes + #result
    if #reply == 2 + 2 * most or (#reply > 2 and bytes > ${PAGE_BYTES}) then
      reply[2] = 1
      break
    end
    table.insert(reply, name)
    table.insert(reply, result)
  end
end
return reply
`,
}
