import { CLOCK_LUA } from './clock.lua.ts'
import { SETTLED_KEPT_MS } from './keys.ts'
import type { Script } from './script.ts'
import { SETTLEMENT_LUA } from './settlement.lua.ts'

/**
 * Replaces a hold by what was used, in the windows in which it was reserved, whatever windows it is now. Once: the
 * reservation becomes a tombstone, which also bars a reservation that arrives after its settlement.
 *
 * More units than were reserved are charged as reserved, since a budget holds only what was checked; the event
 * keeps the reported number. A reservation that the sweep charged in full is corrected by the difference.
 */
export const SETTLE: Script = {
  name: 'settle',
  sha: '494db6f92f9753a22474cdabb84b13436ad2111b',
  lua: `
-- KEYS[1] reservation: hash
-- KEYS[2] the account's leases: sorted set
-- KEYS[3] open reservations: sorted set
-- KEYS[4] usage events: stream
-- ARGV[1] request id
-- ARGV[2] used (units)
-- ARGV[3] ARGV[4] prompt and output tokens
-- ARGV[5] compute (ms)
-- ARGV[6] outcome
-- ARGV[7] now (ms), 0 for the server's clock
-- Returns 1 when this call settled, 0 when it was done before.
${CLOCK_LUA}${SETTLEMENT_LUA}
local record = read_record(KEYS[1])
if record.state == 'settled' then return 0 end

redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'state', 'settled')
redis.call('PEXPIRE', KEYS[1], ${SETTLED_KEPT_MS})
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('ZREM', KEYS[3], ARGV[1])
if record.state == nil then return 1 end

local now = now_ms(tonumber(ARGV[7]))
local reserved = tonumber(record.units)
local used = math.min(tonumber(ARGV[2]), reserved)
local report = {units = ARGV[2], prompt_tokens = ARGV[3], output_tokens = ARGV[4], compute_ms = ARGV[5],
  outcome = ARGV[6]}
if record.state == 'unsettled' then
  add_to_windows(record, 0, used - reserved)
  write_event(KEYS[4], ARGV[1], record, 'correction', used - reserved, report, now)
else
  add_to_windows(record, -reserved, used)
  write_event(KEYS[4], ARGV[1], record, 'charge', used, report, now)
end
return 1
`,
}
