import { JOB_LISTS_KEPT_MS, JOBS_KEPT_LUA, RECORD_BYTES } from './kept.lua.ts'
import { JOB_GROUP, JOB_KEYS, JOB_PREFIX, JOB_RESULTS_KEPT_MS, JOBS_OF_PREFIX } from './record.ts'

/**
 * Lua shared by the scripts that end a job. An ended job goes to no host any more, its inputs are deleted, its record
 * and results stay for as long as its plan said when it was taken in, and the edge has still to settle it. The caller
 * has checked that the job has not ended, and defines `int`, which writes a number in full.
 */
export const END_JOB_LUA = `${JOBS_KEPT_LUA}
local function drop_entry(stream, entry)
  redis.call('XACK', stream, '${JOB_GROUP}', entry)
  redis.call('XDEL', stream, entry)
end

local function end_job(id, stream, entry, state, now)
  local job = '${JOB_PREFIX}' .. id
  redis.call('HSET', job, 'state', state, 'ended_at', int(now))
  local account, held, bytes, kept_ms = unpack(redis.call('HMGET', job, 'account', 'held_bytes', 'bytes', 'kept_ms'), 1, 4)
  kept_ms = tonumber(kept_ms or ${JOB_RESULTS_KEPT_MS})
  redis.call('PEXPIRE', job, int(kept_ms))
  redis.call('PEXPIRE', job .. ':results', int(kept_ms))
  redis.call('DEL', job .. ':inputs')
  redis.call('ZREM', '${JOB_KEYS.open}', id)
  redis.call('ZREM', '${JOBS_OF_PREFIX}' .. (account or ''), id)
  if account and held then
    keep_bytes(account, id, tonumber(held), ${RECORD_BYTES} + tonumber(bytes or 0), now + kept_ms)
  end
  redis.call('ZADD', '${JOB_KEYS.ended}', int(now), id)
  redis.call('PEXPIRE', '${JOB_KEYS.ended}', ${JOB_LISTS_KEPT_MS})
  drop_entry(stream, entry)
end
`
