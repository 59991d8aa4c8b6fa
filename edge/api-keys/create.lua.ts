import { CLOCK_LUA } from '../../shared/clock.lua.ts'
import type { Script } from '../../shared/redis-script.ts'
import { AUDIT_LUA } from '../audit/act.lua.ts'
import { CALLER_LUA } from '../budget/caller.lua.ts'
import { ENDED_API_KEY_KEPT_MS } from '../store/lifetimes.ts'
import { API_KEYS_PREFIX } from '../store/redis-keys.ts'
import { MAX_API_KEY_LIFE_MS, MAX_API_KEYS } from './bounds.ts'

/**
 * Writes a new API key and its row in the audit log, if the caller may still act, unless the account has MAX_API_KEYS
 * working keys. What the caller is goes into the key: its account, and the key that made it.
 */
export const CREATE_API_KEY: Script = {
  name: 'create_key',
  sha: 'c62748be79ad964f2ba35e40dfe1c5a4c845e258',
  lua: `
-- KEYS[1] API key's record: hash
-- KEYS[2] the record of the caller's API key: hash; any name for a token
-- KEYS[3] audit log: stream
-- ARGV[1] now (ms), 0 for the server's clock
-- ARGV[2] ARGV[3] ARGV[4] ARGV[5] the caller, see caller.lua.ts: account, issued at, SHA-256 of the secret, scopes
-- ARGV[6] ARGV[7] ARGV[8] ARGV[9] ARGV[10] actor, action, target, reason, detail of the act
-- ARGV[11] the key's id
-- ARGV[12] its end (ms)
-- ARGV[13] and on: the record's other fields and their texts in turn
-- Returns {created, now}, {too_many}, or {code} of a caller who may not act.
${CLOCK_LUA}${CALLER_LUA}${AUDIT_LUA}
local now = now_ms(tonumber(ARGV[1]))
local caller, refusal = caller_of(KEYS[2], ARGV[2], ARGV[3], ARGV[4], ARGV[5], now)
if not caller then return refusal end
-- The account's working keys: sorted set of ids by end (ms). The revoked ones are in it below 0, see revoke.lua.ts.
local index = '${API_KEYS_PREFIX}' .. caller.account
redis.call('ZREMRANGEBYSCORE', index, '0', int(now))
if redis.call('ZCOUNT', index, '0', '+inf') >= ${MAX_API_KEYS} then return {'too_many'} end
redis.call('ZADD', index, ARGV[12], ARGV[11])
redis.call('PEXPIRE', index, ${MAX_API_KEY_LIFE_MS})
redis.call('HSET', KEYS[1], 'account', caller.account, 'expires_at', ARGV[12], 'created_at', int(now), unpack(ARGV, 13))
redis.call('PEXPIREAT', KEYS[1], int(tonumber(ARGV[12]) + ${ENDED_API_KEY_KEPT_MS}))
write_act(KEYS[3], ARGV[6], ARGV[7], ARGV[8], ARGV[9], ARGV[10])
return {'created', now}
`,
}
