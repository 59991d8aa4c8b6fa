import { CLOCK_LUA } from '../../shared/clock.lua.ts'
import { END_JOB_LUA } from '../../shared/jobs/end.lua.ts'
import { JOB_STREAM_PREFIX } from '../../shared/jobs/record.ts'
import type { Script } from '../../shared/redis-script.ts'
import { CALLER_LUA } from '../budget/caller.lua.ts'

/**
 * Ends an account's job if no host has it; otherwise asks the host that has it to stop. A caller who asks for it must still be
 * allowed to act.
 */
export const CANCEL_JOB: Script = {
  name: 'cancel_job',
  sha: 'd1af7dd35f3de322e06b85ca75c75bd543620c01',
  lua: `
-- KEYS[1] the job's record: hash
-- KEYS[2] the record of the caller's API key: hash; any name for a token
-- ARGV[1] now (ms), 0 for the server's clock
-- ARGV[2] ARGV[3] ARGV[4] ARGV[5] the caller, see caller.lua.ts: account, issued at, SHA-256 of the secret, scopes
-- ARGV[6] the job's id
-- ARGV[7] account, where the edge itself cancels; empty where a caller does
-- Returns the record as it is then, names and texts in turn; nothing where the account has no such job; {code} of a caller
-- who may not act.
${CLOCK_LUA}${CALLER_LUA}${END_JOB_LUA}
local now, account = now_ms(tonumber(ARGV[1])), ARGV[7]
if account == '' then
  local caller, refusal = caller_of(KEYS[2], ARGV[2], ARGV[3], ARGV[4], ARGV[5], now)
  if not caller then return refusal end
  account = caller.account
end
local record = read_record(KEYS[1])
if record.account ~= account then return {} end
if record.state == 'queued' or record.state == 'running' then
  redis.call('HSET', KEYS[1], 'cancel', '1')
  if not record.claim then
    end_job(ARGV[6], '${JOB_STREAM_PREFIX}' .. record.model, record.entry, 'cancelled', now)
  end
end
return redis.call('HGETALL', KEYS[1])
`,
}
