import { ANSWER_KEPT_MS } from './lifetimes.ts'

/** Stands for an answer that cannot be given again. */
export const ANSWER_GONE = 'gone'

/** What a record takes in Redis beside its answer, in bytes. */
export const RECORD_BYTES = 400

/**
 * How many characters of answers, with their records, Redis keeps for an account in a UTC day: some 4,000 answers of a
 * chat. They live for a day, so at most twice as much is there at a time. Requests beyond this are still done once only,
 * but their answers are gone, and their keys are remembered for FULL_ANSWER_KEPT_MS only.
 */
export const MAX_KEPT_PER_DAY = 8 * 1024 * 1024

/**
 * Lua shared by the scripts that use idempotency keys: those that hold, settle and claim. A key's record is a hash:
 * `body` (SHA-256 of the request), `request` (the id of the request that answers it) and, once there is one, `answer`
 * (edge/idempotency/answers.ts). Only that request may end the record. A request that ends after its record expired
 * changes nothing.
 */
export const RECORD_LUA = `
-- What whoever comes with this key is told; nil where nobody came before.
local function said_before(key, body)
  local record = redis.call('HMGET', key, 'body', 'answer')
  if not record[1] then return nil end
  if record[1] ~= body then return {'idempotency_key_reused'} end
  if not record[2] then return {'idempotency_in_progress'} end
  return {'answered', record[2]}
end

local function begin_record(key, body, request_id, life_ms)
  redis.call('HSET', key, 'body', body, 'request', request_id)
  redis.call('PEXPIRE', key, life_ms)
end

-- Without an answer coming again is another attempt.
local function end_record(key, request_id, answer, life_ms)
  if redis.call('HGET', key, 'request') ~= request_id then return end
  if answer == '' then redis.call('DEL', key)
  else
    redis.call('HSET', key, 'answer', answer)
    redis.call('PEXPIRE', key, life_ms or ${ANSWER_KEPT_MS})
  end
end
`
