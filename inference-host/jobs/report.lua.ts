import { CLOCK_LUA } from '../../shared/clock.lua.ts'
import { ENTRY_BYTES, MEMORY_A_BYTE } from '../../shared/jobs/kept.lua.ts'
import { JOB_GROUP, JOB_RESULTS_KEPT_MS } from '../../shared/jobs/record.ts'
import { SERVED_LUA } from '../../shared/jobs/served.lua.ts'
import type { Script } from '../../shared/redis-script.ts'
import { CONSUMER } from './consumer.ts'

/**
 * Takes what a host has computed for its job, and renews the claim. A report covers any number of inputs, or none. A
 * report that is sent again changes nothing: reports are numbered, and the record keeps the last number (`reports`). An
 * input that has a result has its use counted only once.
 *
 * The edge has held so many bytes for all results together (`room`). A result that does not fit into what is left of
 * them is replaced by an error, for which there is always room: it is computed and charged all the same.
 */
export const REPORT_JOB: Script = {
  name: 'report_job',
  sha: '6da8bd85f486db7fa3556aa78938cbcced5df901',
  lua: `
-- KEYS[1]: the job; KEYS[2]: its results; KEYS[3]: its model's stream
-- ARGV[1]: the claim; ARGV[2]: the job's entry; ARGV[3]: the report's number, from 1 on in each claim
-- ARGV[4]: the result, as JSON, in place of one for which there is no room
-- ARGV[5]: ms within which the host reports again or looks for jobs
-- then for each input: index; its result as JSON, or '' for what was computed and gave none; 1 where the result is
-- an error, else 0; prompt tokens; output tokens; ms of compute
-- Returns ok; cancel where the job's account wants it ended; lost where it is not this claim's or has ended.
${CLOCK_LUA}${SERVED_LUA}
local record = redis.call('HMGET', KEYS[1], 'claim', 'state', 'reports', 'deadline', 'cancel', 'room', 'bytes', 'kept_ms')
local claim, state, reports, deadline, cancel, room, bytes, kept_ms = unpack(record, 1, 8)
if claim ~= ARGV[1] or state ~= 'running' then return 'lost' end

if tonumber(ARGV[3]) > tonumber(reports) then
  local done, failed, prompt_tokens, output_tokens, compute_ms = 0, 0, 0, 0, 0
  local before = tonumber(bytes or 0)
  local taken = before
  for i = 6, #ARGV, 6 do
    local result, is_error = ARGV[i + 1], tonumber(ARGV[i + 2])
    local function size() return math.ceil(#result * ${MEMORY_A_BYTE}) + ${ENTRY_BYTES} end
    if room and result ~= '' and #result > #ARGV[4] and taken + size() > tonumber(room) then
      result, is_error = ARGV[4], 1
    end
    local first = result == '' or redis.call('HSETNX', KEYS[2], ARGV[i], result) == 1
    if first then
      if result ~= '' then
        done = done + 1
        failed = failed + is_error
        taken = taken + size()
      end
      prompt_tokens = prompt_tokens + tonumber(ARGV[i + 3])
      output_tokens = output_tokens + tonumber(ARGV[i + 4])
      compute_ms = compute_ms + tonumber(ARGV[i + 5])
    end
  end
  redis.call('HSET', KEYS[1], 'reports', ARGV[3])
  -- Whoever gets on with it does not die of it.
  if done > 0 then redis.call('HDEL', KEYS[1], 'takeovers') end
  redis.call('HINCRBY', KEYS[1], 'done', int(done))
  redis.call('HINCRBY', KEYS[1], 'failed', int(failed))
  redis.call('HINCRBY', KEYS[1], 'prompt_tokens', int(prompt_tokens))
  redis.call('HINCRBY', KEYS[1], 'output_tokens', int(output_tokens))
  redis.call('HINCRBY', KEYS[1], 'compute_ms', int(compute_ms))
  redis.call('HINCRBY', KEYS[1], 'bytes', int(taken - before))
  redis.call('PEXPIREAT', KEYS[2], int(tonumber(deadline) + tonumber(kept_ms or ${JOB_RESULTS_KEPT_MS})))
end
look_for({KEYS[3]}, now_ms(0), ARGV[5])
redis.call('XCLAIM', KEYS[3], '${JOB_GROUP}', '${CONSUMER}', 0, ARGV[2], 'JUSTID')
return cancel and 'cancel' or 'ok'
`,
}
