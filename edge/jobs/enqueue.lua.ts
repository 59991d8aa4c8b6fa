import { CLOCK_LUA } from '../../shared/clock.lua.ts'
import { JOB_LISTS_KEPT_MS, JOBS_KEPT, JOBS_KEPT_LUA } from '../../shared/jobs/kept.lua.ts'
import { JOB_KEYS, JOB_STREAM_PREFIX, JOBS_OF_PREFIX } from '../../shared/jobs/record.ts'
import type { Script } from '../../shared/redis-script.ts'
import { CHALLENGED_LUA } from '../budget/anomaly.lua.ts'
import { HOLD_LUA } from '../budget/hold.lua.ts'
import { SPENDER_LUA } from '../budget/spender.lua.ts'
import { WINDOWS_LUA } from '../budget/windows.lua.ts'

/**
 * Takes in a job: reserves its worst case and hands it to the hosts, in one atomic step. A refused job changes nothing.
 *
 * A job of a model for which no host has looked lately is refused: nobody would work on it.
 *
 * A job is not scored (edge/budget/anomaly.lua.ts), but a challenged credential opens none.
 *
 * A job counts among the account's open jobs, not among its running requests. It uses nothing of a minute's budget.
 */
export const ENQUEUE: Script = {
  name: 'enqueue',
  sha: '0a3f8b21166d07a3864f9fb0a7441f0179a8ca08',
  lua: `
-- Keys and arguments up to KEYS[4] and ARGV[23]: spender.lua.ts, hold.lua.ts; ARGV[9] is how many jobs may be open.
-- KEYS[5] KEYS[6] the job's record and inputs: hashes
-- KEYS[7] the stream of jobs of the model, as its host calls it
-- KEYS[8] open jobs of every account: sorted set by deadline (ms)
-- ARGV[24] the job's deadline (ms)
-- ARGV[25] bytes that it holds: of its record, inputs and results
-- ARGV[26] ARGV[27] bytes that the jobs of its account, and of all accounts, may keep
-- ARGV[28] how many words of the record follow, names and texts in turn; after them the inputs
-- Returns what reserve returns; job_storage_full and job_store_full with the ms until Redis drops the next job.
${CLOCK_LUA}${WINDOWS_LUA}${SPENDER_LUA}${HOLD_LUA}${JOBS_KEPT_LUA}${CHALLENGED_LUA}
local now = now_ms(tonumber(ARGV[1]))
local account, reply = hold(now, function(spender)
  local open = redis.call('ZCOUNT', '${JOBS_OF_PREFIX}' .. spender.account, '(' .. int(now), '+inf')
  local challenged = challenged_since(spender.account, ARGV[21], ARGV[3], now)
  if challenged then return open, 'challenge_required', challenged, true end
  local called = string.sub(KEYS[7], ${JOB_STREAM_PREFIX.length + 1})
  if tonumber(redis.call('ZSCORE', '${JOB_KEYS.served}', called) or 0) <= now then return open, 'jobs_not_served' end
  if open >= tonumber(ARGV[9]) then return open, 'too_many_jobs' end
  for number, scope in ipairs({':' .. spender.account, ''}) do
    if kept_bytes(scope, now) + tonumber(ARGV[25]) > tonumber(ARGV[25 + number]) then
      local first = redis.call('ZRANGE', '${JOBS_KEPT}' .. scope, 0, 0, 'WITHSCORES')[2]
      return open, number == 1 and 'job_storage_full' or 'job_store_full', math.max(0, tonumber(first or now) - now)
    end
  end
  return open
end, 2)
if not account then return reply end

local id, first = ARGV[16], 29 + tonumber(ARGV[28])
local inputs = {}
for i = first, #ARGV do
  table.insert(inputs, int(i - first))
  table.insert(inputs, ARGV[i])
end
local entry = redis.call('XADD', KEYS[7], '*', 'job', id)
redis.call('HSET', KEYS[5], 'account', account, 'entry', entry, unpack(ARGV, 29, first - 1))
redis.call('HSET', KEYS[6], unpack(inputs))
local open_of = '${JOBS_OF_PREFIX}' .. account
for _, open in ipairs({KEYS[8], open_of}) do redis.call('ZADD', open, ARGV[24], id) end
for _, key in ipairs({KEYS[5], KEYS[6], KEYS[7], KEYS[8], open_of}) do redis.call('PEXPIRE', key, ${JOB_LISTS_KEPT_MS}) end
keep_bytes(account, id, nil, tonumber(ARGV[25]), now + ${JOB_LISTS_KEPT_MS})
if ARGV[22] ~= '' then end_record(KEYS[4], id, id) end
return reply
`,
}
