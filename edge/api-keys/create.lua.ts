import { CLOCK_LUA } from '../../shared/clock.lua.ts'
import type { Script } from '../../shared/redis-script.ts'
import { AUDIT_LUA } from '../audit/act.lua.ts'
import { ENDED_API_KEY_KEPT_MS } from '../store/lifetimes.ts'
import { MAX_API_KEY_LIFE_MS, MAX_API_KEYS } from './bounds.ts'

/** Writes a new API key and its row in the audit log, unless the account has MAX_API_KEYS working keys. */
export const CREATE_API_KEY: Script = {
  name: 'create_key',
  sha: '39db4de41603235a826f69ba859dcf14753b4671',
  lua: `
-- KEYS[1] API key's record: hash
-- KEYS[2] the account's working keys: sorted set of ids by end (ms)
-- KEYS[3] audit log: stream
-- ARGV[1] now (ms), 0 for the server's clock
-- ARGV[2] the key's id
-- ARGV[3] its end (ms)
-- ARGV[4] ARGV[5] ARGV[6] ARGV[7] ARGV[8] actor, action, target, reason, detail of the act
-- ARGV[9] and on: the record's other fields and their texts in turn
-- Returns {created, now}, or {too_many}.
${CLOCK_LUA}${AUDIT_LUA}
local now = now_ms(tonumber(ARGV[1]))
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', int(now))
if redis.call('ZCARD', KEYS[2]) >= ${MAX_API_KEYS} then return {'too_many'} end
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[2])
redis.call('PEXPIRE', KEYS[2], ${MAX_API_KEY_LIFE_MS})
redis.call('HSET', KEYS[1], 'expires_at', ARGV[3], 'created_at', int(now), unpack(ARGV, 9))
redis.call('PEXPIREAT', KEYS[1], int(tonumber(ARGV[3]) + ${ENDED_API_KEY_KEPT_MS}))
write_act(KEYS[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7], ARGV[8])
return {'created', now}
`,
}
