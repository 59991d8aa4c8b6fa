/**
 * Redis keys of what jobs keep: a sorted set of `<bytes> <job>` by the time (ms) at which Redis drops it, and a hash
 * with the sum of these (`bytes`). Both are there for all accounts together and, followed by a colon and the account,
 * for each.
 */
export const JOBS_KEPT = 'twohop:jobs-kept'
const JOBS_BYTES = 'twohop:jobs-bytes'

/** Milliseconds that the lists of jobs are kept after their last change: longer than any job with its settlement. */
export const JOB_LISTS_KEPT_MS = 7 * 24 * 3_600_000

/** What a hash takes for each entry besides its text, in bytes: its names, pointers and header in Redis. */
export const ENTRY_BYTES = 96

/** What the record of a job takes with its token, its place in every list, and its reservation, in bytes. */
export const RECORD_BYTES = 8192

/**
 * How many bytes of memory stand for a byte of text. Redis's allocator rounds up: by a quarter at most, for texts of
 * this size.
 */
export const MEMORY_A_BYTE = 1.25

/**
 * Lua shared by the scripts that take in jobs and end them: how many bytes an account, or all of them (scope ''), keep
 * in Redis for jobs. `int` writes a number in full.
 */
export const JOBS_KEPT_LUA = `
-- The bytes kept now, without what Redis has dropped since.
local function kept_bytes(scope, now)
  local kept, sum = '${JOBS_KEPT}' .. scope, '${JOBS_BYTES}' .. scope
  local dropped, bytes = redis.call('ZRANGEBYSCORE', kept, '-inf', int(now), 'LIMIT', 0, 100), 0
  for _, member in ipairs(dropped) do bytes = bytes + tonumber(string.match(member, '^%d+')) end
  if bytes > 0 then
    redis.call('ZREM', kept, unpack(dropped))
    redis.call('HINCRBY', sum, 'bytes', int(-bytes))
  end
  return tonumber(redis.call('HGET', sum, 'bytes') or 0)
end

-- What a job keeps from now on until ends (ms), in place of before (bytes). A job that is not on the list stays off it.
local function keep_bytes(account, id, before, bytes, ends)
  for _, scope in ipairs({'', ':' .. account}) do
    local kept, sum = '${JOBS_KEPT}' .. scope, '${JOBS_BYTES}' .. scope
    if not before or redis.call('ZREM', kept, int(before) .. ' ' .. id) == 1 then
      redis.call('ZADD', kept, int(ends), int(bytes) .. ' ' .. id)
      redis.call('HINCRBY', sum, 'bytes', int(bytes - (before or 0)))
      for _, key in ipairs({kept, sum}) do redis.call('PEXPIRE', key, ${JOB_LISTS_KEPT_MS}) end
    end
  end
end
`
