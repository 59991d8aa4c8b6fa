import { CLOCK_LUA } from '../../shared/clock.lua.ts'
import type { Script } from '../../shared/redis-script.ts'
import { CACHE_LUA } from '../store/cache.lua.ts'
import { ANSWER_GONE, MAX_KEPT_PER_DAY, RECORD_BYTES, RECORD_LUA } from '../store/idempotency-record.lua.ts'
import { FULL_ANSWER_KEPT_MS, SETTLED_KEPT_MS } from '../store/lifetimes.ts'
import { LEASES_PREFIX } from '../store/redis-keys.ts'
import { ANOMALY_LUA } from './anomaly.lua.ts'
import { SETTLEMENT_LUA } from './settlement.lua.ts'
import { WINDOWS_LUA } from './windows.lua.ts'

/**
 * Replaces a hold by what was used, in the windows in which it was reserved, even if they have ended. It does so once:
 * the reservation becomes a tombstone, which also bars a reservation that arrives after its settlement.
 *
 * More units than were reserved are charged as reserved, since a budget holds only what was checked; the event keeps
 * the reported number. A reservation that the sweep charged in full is corrected by the difference.
 *
 * If Redis lost the reservation (it started again, empty), it lost the counters too. They are rebuilt from the ledger,
 * so the ledger must have what was used: the event is written from what the caller remembers.
 */
export const SETTLE: Script = {
  name: 'settle',
  sha: 'b34058772413cec87812f5443523a73c304ca463',
  lua: `
-- KEYS[1] reservation: hash
-- KEYS[2] open reservations: sorted set
-- KEYS[3] usage events: stream
-- KEYS[4] record of the idempotency key: hash; any name where there is none
-- ARGV[1] request id
-- ARGV[2] used (units)
-- ARGV[3] ARGV[4] prompt and output tokens
-- ARGV[5] compute (ms)
-- ARGV[6] outcome
-- ARGV[7] now (ms), 0 for the server's clock
-- ARGV[8] ARGV[9] ARGV[10] ARGV[11] ARGV[12] ARGV[13] account, units reserved, model, task, plan, API key
-- ARGV[14] billing day of the plan
-- ARGV[15] 1 where the request has an idempotency key, else 0
-- ARGV[16] answer for whoever comes again with it; empty where coming again is another attempt
-- ARGV[17] the model's version, empty for none
-- ARGV[18] how long it took, as a text of sums (edge/stats/measured.ts); empty where that is not known
-- ARGV[19] errors that the caller has counted since it last said, as a text of sums; empty for none
-- ARGV[20] 1 where counters for metrics are kept, else 0
-- ARGV[21] the credential that is watched, empty for none
-- ARGV[22] 1 where the answer was as long as it might, else 0
-- ARGV[23] ARGV[24] ARGV[25] ARGV[26] an answer to be given again, where there is one: its name; 1 where others may have it; ms
-- for which it is kept; the answer
-- Returns {1 when this call settled, 0 when it was done before; then thresholds crossed, see settlement.lua.ts}.
${CLOCK_LUA}${WINDOWS_LUA}${SETTLEMENT_LUA}${RECORD_LUA}${CACHE_LUA}${ANOMALY_LUA}

-- The answer; or that it is gone where the account's day has no room for it, and the ms for which that is remembered.
local function within_day(record, answer)
  local day = record.day and own_key(record, 'day')
  if answer == '' or not day or redis.call('HEXISTS', day, 'held') == 0 then return answer end
  if redis.call('HINCRBY', day, 'kept', #answer + ${RECORD_BYTES}) <= ${MAX_KEPT_PER_DAY} then return answer end
  return '${ANSWER_GONE}', ${FULL_ANSWER_KEPT_MS}
end

local record = read_record(KEYS[1])
if record.state == 'settled' then return {0} end

redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'state', 'settled')
redis.call('PEXPIRE', KEYS[1], ${SETTLED_KEPT_MS})
if ARGV[15] == '1' then end_record(KEYS[4], ARGV[1], within_day(record, ARGV[16])) end

local now = now_ms(tonumber(ARGV[7]))
local reserved = tonumber(record.units or ARGV[9])
if ARGV[21] ~= '' then note_ended(ARGV[21], tonumber(ARGV[22]), now) end
local used = math.min(tonumber(ARGV[2]), reserved)
-- A correction is of the sums to which the sweep added.
if record.state == 'unsettled' then record.rolled_as = record.version or '' end
if ARGV[17] ~= '' then record.version = ARGV[17] end
local report = {units = ARGV[2], prompt_tokens = ARGV[3], output_tokens = ARGV[4], compute_ms = ARGV[5],
  outcome = ARGV[6], charged = int(used), measured = ARGV[18], metrics = ARGV[20] == '1'}
count_errors(ARGV[19], now, report.metrics)
if record.state == nil then
  local lost = {account = ARGV[8], units = ARGV[9], model = ARGV[10], task = ARGV[11], plan = ARGV[12], key = ARGV[13], version = record.version,
    reserved_at = int(now), month = month_name(now, tonumber(ARGV[14])), day = 'day:' .. date_of(math.floor(now / 86400000))}
  if used > 0 then write_event(KEYS[3], ARGV[1], lost, 'charge', used, 0, report, now) end
  return {1}
end
redis.call('ZREM', '${LEASES_PREFIX}' .. record.account, ARGV[1])
redis.call('ZREM', KEYS[2], ARGV[1])

local reply = {1}
local back = give_back(record, reserved - used)
if record.state == 'unsettled' then
  charge_windows(record, 0, used - reserved, reply)
  write_event(KEYS[3], ARGV[1], record, 'correction', used - reserved, -back, report, now)
else
  charge_windows(record, -reserved, used, reply)
  write_event(KEYS[3], ARGV[1], record, 'charge', used, tonumber(record.extra or 0) - back, report, now)
end
if ARGV[23] then cache_answer(record.account, ARGV[23], ARGV[24], used, ARGV[26], ARGV[25], now) end
return reply
`,
}
