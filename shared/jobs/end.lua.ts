import { JOB_GROUP, JOB_KEYS, JOB_PREFIX, JOB_RESULTS_KEPT_MS, JOBS_OF_PREFIX } from './record.ts'

/** Milliseconds that the lists of jobs are kept after their last change: longer than any job with its settlement. */
export const JOB_LISTS_KEPT_MS = 7 * 24 * 3_600_000

/**
 * Lua shared by the scripts that end a job. An ended job goes to no host any more, its inputs are deleted, its record
 * and results stay for JOB_RESULTS_KEPT_MS, and the edge has still to settle it. The caller has checked that the job
 * has not ended, and defines `int`, which writes a number in full.
 */
export const END_JOB_LUA = `
local function drop_entry(stream, entry)
  redis.call('XACK', stream, '${JOB_GROUP}', entry)
  redis.call('XDEL', stream, entry)
end

local function end_job(id, stream, entry, state, now)
  local job = '${JOB_PREFIX}' .. id
  redis.call('HSET', job, 'state', state, 'ended_at', int(now))
  redis.call('PEXPIRE', job, ${JOB_RESULTS_KEPT_MS})
  redis.call('PEXPIRE', job .. ':results', ${JOB_RESULTS_KEPT_MS})
  redis.call('DEL', job .. ':inputs')
  redis.call('ZREM', '${JOB_KEYS.open}', id)
  redis.call('ZREM', '${JOBS_OF_PREFIX}' .. (redis.call('HGET', job, 'account') or ''), id)
  redis.call('ZADD', '${JOB_KEYS.ended}', int(now), id)
  redis.call('PEXPIRE', '${JOB_KEYS.ended}', ${JOB_LISTS_KEPT_MS})
  drop_entry(stream, entry)
end
`
