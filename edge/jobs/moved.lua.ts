import { CLOCK_LUA } from '../../shared/clock.lua.ts'
import { JOBS_KEPT_LUA, RECORD_BYTES } from '../../shared/jobs/kept.lua.ts'
import type { Script } from '../../shared/redis-script.ts'

/** Drops the results of an ended job that lie elsewhere now, and frees their bytes. A second call does nothing. */
export const MOVED_JOB: Script = {
  name: 'moved_job',
  sha: 'cf25c99e6e654d22a3a6549c40e700e3e2d36341',
  lua: `
-- KEYS[1] KEYS[2] the job's record and results: hashes
-- ARGV[1] the job's id
-- ARGV[2] now (ms), 0 for the server's clock
-- ARGV[3] where they lie
-- Returns {1 where they were dropped, else 0}.
${CLOCK_LUA}${JOBS_KEPT_LUA}
local account, ended_at, bytes, moved = unpack(redis.call('HMGET', KEYS[1], 'account', 'ended_at', 'bytes', 'moved'), 1, 4)
if not account or not ended_at or moved then return {0} end
redis.call('HSET', KEYS[1], 'moved', ARGV[3])
redis.call('DEL', KEYS[2])
local ends = now_ms(tonumber(ARGV[2])) + redis.call('PTTL', KEYS[1])
keep_bytes(account, ARGV[1], ${RECORD_BYTES} + tonumber(bytes or 0), ${RECORD_BYTES}, ends)
return {1}
`,
}
