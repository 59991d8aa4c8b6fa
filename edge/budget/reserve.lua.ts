import { CLOCK_LUA } from '../../shared/clock.lua.ts'
import type { Script } from '../../shared/redis-script.ts'
import { CACHE_LUA } from '../store/cache.lua.ts'
import { MAX_LEASE_MS } from '../store/lifetimes.ts'
import { LEASES_PREFIX } from '../store/redis-keys.ts'
import { ANOMALY_LUA } from './anomaly.lua.ts'
import { HOLD_LUA } from './hold.lua.ts'
import { SPENDER_LUA } from './spender.lua.ts'
import { WINDOWS_LUA } from './windows.lua.ts'

/**
 * Admits a request against every limit or refuses it, in one atomic step. A refused request changes nothing but the score
 * of its credential, where its plan has one (edge/budget/anomaly.lua.ts), and not even the count of requests: a caller who
 * keeps asking while refused is let in again when the window ends. Whom the score stops hears of that first, since the
 * operator is told by this very reply.
 *
 * Requests per minute are counted here and not by @upstash/ratelimit, because its counter cannot be part of this
 * decision. A request that its script admits and a budget refuses would have to be given back. A hold whose request it
 * refuses would have to be released. Each takes a second round trip, and meanwhile other requests are refused for what
 * was counted only for a moment.
 *
 * The script takes the names of accounts from API keys' records, and the names of counters from Redis's clock. So not
 * every key can be declared: no `allow-key-locking` on Upstash.
 */
export const RESERVE: Script = {
  name: 'reserve',
  sha: '8a58728f6f990568a88d83b01eb3bceeb9e4a9ad',
  lua: `
-- Keys and arguments up to ARGV[23]: spender.lua.ts, hold.lua.ts; then
-- ARGV[24] how the credential is watched, see watchedWords; empty where it is not
-- ARGV[25] ARGV[26] ARGV[27] the name of an answer that may be given again, where there may be one; per cent of what it cost; 1 where
-- it may be another account's
-- What is granted although it is odd has the score and why at its end.
-- Returns {code, account, running, requests, limit, used, held, ms to the end...} for minute, day, month; then for
-- granted, where an answer is given again, units and that answer; for budget_exhausted the window's number, for project_budget_exhausted also ms to the window's end;
-- {plan_is, plan}; {answered, answer}; {code} alone for id_used, idempotency_* and who may not spend at all.
${CLOCK_LUA}${WINDOWS_LUA}${SPENDER_LUA}${HOLD_LUA}${CACHE_LUA}${ANOMALY_LUA}
local now = now_ms(tonumber(ARGV[1]))
local verdict, stopped, cached
local account, reply = hold(now, function(spender)
  local running = running_of(spender, now)
  if ARGV[24] ~= '' then verdict, stopped = judge(ARGV[24], spender.account, ARGV[21], ARGV[3], now) end
  if stopped then return running, stopped, verdict.text, true end
  return running, running >= tonumber(ARGV[9]) and 'too_many_concurrent'
end, 1, function(spender)
  cached = ARGV[25] and cached_answer(spender.account, ARGV[25], ARGV[27], ARGV[26])
  return cached and cached.units
end)
if not account and not stopped and reply[1] ~= 'answered' then note_refused(verdict, now) end
if account then
  local leases = '${LEASES_PREFIX}' .. account
  redis.call('ZREMRANGEBYSCORE', leases, '-inf', int(now))
  redis.call('ZADD', leases, int(now + tonumber(ARGV[18])), ARGV[16])
  redis.call('PEXPIRE', leases, ${MAX_LEASE_MS})
  if cached then
    table.insert(reply, cached.units)
    table.insert(reply, cached.answer)
  end
end
if verdict and account and verdict.odd then table.insert(reply, verdict.text) end
return reply
`,
}
