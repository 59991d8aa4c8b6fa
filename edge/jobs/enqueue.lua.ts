import { CLOCK_LUA } from '../../shared/clock.lua.ts'
import { JOB_LISTS_KEPT_MS } from '../../shared/jobs/end.lua.ts'
import { JOBS_OF_PREFIX } from '../../shared/jobs/record.ts'
import type { Script } from '../../shared/redis-script.ts'
import { HOLD_LUA } from '../budget/hold.lua.ts'
import { SPENDER_LUA } from '../budget/spender.lua.ts'
import { WINDOWS_LUA } from '../budget/windows.lua.ts'

/**
 * Takes in a job: reserves its worst case and hands it to the hosts, in one atomic step. A refused job changes nothing.
 *
 * A job counts among the account's open jobs, not among its running requests. It uses nothing of a minute's budget.
 */
export const ENQUEUE: Script = {
  name: 'enqueue',
  sha: '8fc0cc20c4599e09b61807ec564668b1dfb17f59',
  lua: `
-- Keys and arguments up to KEYS[4] and ARGV[22]: spender.lua.ts, hold.lua.ts; ARGV[9] is how many jobs may be open.
-- KEYS[5] KEYS[6] the job's record and inputs: hashes
-- KEYS[7] the model's stream of jobs
-- KEYS[8] open jobs of every account: sorted set by deadline (ms)
-- ARGV[23] the job's deadline (ms)
-- ARGV[24] how many words of the record follow, names and texts in turn; after them the inputs
-- Returns what reserve returns.
${CLOCK_LUA}${WINDOWS_LUA}${SPENDER_LUA}${HOLD_LUA}
local now = now_ms(tonumber(ARGV[1]))
local account, reply = hold(now, function(spender)
  local open = redis.call('ZCOUNT', '${JOBS_OF_PREFIX}' .. spender.account, '(' .. int(now), '+inf')
  return open, open >= tonumber(ARGV[9]) and 'too_many_jobs'
end, 2)
if not account then return reply end

local id, first = ARGV[16], 25 + tonumber(ARGV[24])
local inputs = {}
for i = first, #ARGV do
  table.insert(inputs, int(i - first))
  table.insert(inputs, ARGV[i])
end
local entry = redis.call('XADD', KEYS[7], '*', 'job', id)
redis.call('HSET', KEYS[5], 'account', account, 'entry', entry, unpack(ARGV, 25, first - 1))
redis.call('HSET', KEYS[6], unpack(inputs))
local open_of = '${JOBS_OF_PREFIX}' .. account
for _, open in ipairs({KEYS[8], open_of}) do redis.call('ZADD', open, ARGV[23], id) end
for _, key in ipairs({KEYS[5], KEYS[6], KEYS[7], KEYS[8], open_of}) do redis.call('PEXPIRE', key, ${JOB_LISTS_KEPT_MS}) end
if ARGV[22] ~= '' then end_record(KEYS[4], id, id) end
return reply
`,
}
