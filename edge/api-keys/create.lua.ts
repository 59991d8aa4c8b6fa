import type { Script } from '../../shared/redis-script.ts'
import { ACTING_LUA } from '../budget/acting.lua.ts'
import { ENDED_API_KEY_KEPT_MS } from '../store/lifetimes.ts'
import { API_KEYS_PREFIX, NEW_API_KEYS_PREFIX } from '../store/redis-keys.ts'
import { MAX_API_KEY_LIFE_MS, MAX_API_KEYS, MAX_NEW_API_KEYS, NEW_API_KEYS_MS } from './bounds.ts'

/**
 * Writes a new API key and its row in the audit log, if the caller may still act, unless the account has MAX_API_KEYS
 * working keys, or has made MAX_NEW_API_KEYS lately. What the caller is goes into the key: its account, and the key that
 * made it.
 */
export const CREATE_API_KEY: Script = {
  name: 'create_key',
  sha: '3ed3edfa1b017c81cb2c1ae4abff0ad2e369ae5e',
  lua: `
-- The keys and the first ten arguments are those of acting.lua.ts; the record is the API key's.
-- ARGV[11] the key's id
-- ARGV[12] its end (ms)
-- ARGV[13] and on: the record's other fields and their texts in turn
-- Returns {created, now}, {too_many}, {too_many_new, ms to wait}, or {code} of a caller who may not act.
${ACTING_LUA}
local caller, refusal = acting_caller()
if not caller then return refusal end
-- The account's working keys: sorted set of ids by end (ms). The revoked ones are in it below 0, see revoke.lua.ts.
local index = '${API_KEYS_PREFIX}' .. caller.account
redis.call('ZREMRANGEBYSCORE', index, '0', int(now))
if redis.call('ZCOUNT', index, '0', '+inf') >= ${MAX_API_KEYS} then return {'too_many'} end
local new = '${NEW_API_KEYS_PREFIX}' .. caller.account
if tonumber(redis.call('GET', new) or 0) >= ${MAX_NEW_API_KEYS} then return {'too_many_new', redis.call('PTTL', new)} end
if redis.call('INCR', new) == 1 then redis.call('PEXPIRE', new, ${NEW_API_KEYS_MS}) end
redis.call('ZADD', index, ARGV[12], ARGV[11])
redis.call('PEXPIRE', index, ${MAX_API_KEY_LIFE_MS})
redis.call('HSET', KEYS[1], 'account', caller.account, 'expires_at', ARGV[12], 'created_at', int(now), unpack(ARGV, 13))
redis.call('PEXPIREAT', KEYS[1], int(tonumber(ARGV[12]) + ${ENDED_API_KEY_KEPT_MS}))
write_act()
return {'created', now}
`,
}
