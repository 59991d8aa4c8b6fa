import { CLOCK_LUA } from '../../shared/clock.lua.ts'
import type { Script } from '../../shared/redis-script.ts'
import { SWEPT_KEPT_MS } from '../store/lifetimes.ts'
import { LEASES_PREFIX, RESERVATION_PREFIX } from '../store/redis-keys.ts'
import { SETTLEMENT_LUA } from './settlement.lua.ts'
import { WINDOWS_LUA } from './windows.lua.ts'

/**
 * Charges in full the oldest open reservations whose lease ran out: nobody reported their use, so the worst case is
 * assumed. Each call is one atomic step, so sweeps that run at the same time never charge a reservation twice.
 */
export const SWEEP: Script = {
  name: 'sweep',
  sha: 'c620fee505de22f70f976bb15f9d23ebfe1392f6',
  lua: `
-- KEYS[1] open reservations: sorted set of request ids by expiry (ms)
-- KEYS[2] usage events: stream
-- ARGV[1] reservations to charge at most
-- ARGV[2] now (ms), 0 for the server's clock
-- ARGV[3] errors that the caller has counted since it last said, as a text of sums; empty for none
-- ARGV[4] 1 where counters for metrics are kept, else 0
-- Returns {how many were charged; then thresholds crossed, see settlement.lua.ts}.
${CLOCK_LUA}${WINDOWS_LUA}${SETTLEMENT_LUA}
local now = now_ms(tonumber(ARGV[2]))
local metrics = ARGV[4] == '1'
count_errors(ARGV[3], now, metrics)
local expired = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', int(now), 'LIMIT', 0, ARGV[1])
local reply = {0}
for _, request_id in ipairs(expired) do
  local key = '${RESERVATION_PREFIX}' .. request_id
  local record = read_record(key)
  if record.state == 'open' then
    local units = tonumber(record.units)
    charge_windows(record, -units, units, reply)
    write_event(KEYS[2], request_id, record, 'charge', units, tonumber(record.extra or 0), {units = record.units,
      prompt_tokens = 0, output_tokens = 0, compute_ms = 0, outcome = 'unsettled', charged = record.units, metrics = metrics}, now)
    redis.call('HSET', key, 'state', 'unsettled')
    redis.call('PEXPIRE', key, ${SWEPT_KEPT_MS})
    redis.call('ZREM', '${LEASES_PREFIX}' .. record.account, request_id)
    reply[1] = reply[1] + 1
  end
  redis.call('ZREM', KEYS[1], request_id)
end
return reply
`,
}
