import type { Script } from '../../shared/redis-script.ts'
import { ACTING_LUA } from '../budget/acting.lua.ts'
import { ENDED_API_KEY_KEPT_MS } from '../store/lifetimes.ts'
import { API_KEY_PREFIX, API_KEYS_PREFIX } from '../store/redis-keys.ts'
import { MAX_REVOKED_API_KEYS } from './bounds.ts'

/**
 * Ends an API key and the keys that it made. It writes a row into the audit log that names the key's account, unless the
 * key had ended before. The caller must be of the key's account and still be allowed to act, or show the key's secret.
 * Any other caller gets the answer for a key that does not exist.
 *
 * Records of revoked keys are bounded in time and number: whoever makes and revokes keys all day must not fill the store.
 */
export const REVOKE_API_KEY: Script = {
  name: 'revoke_key',
  sha: '429b3e4e8405b4e6bce0a70453903e7422597f9e',
  lua: `
-- The keys and the first ten arguments are those of acting.lua.ts; the record is the API key's.
-- ARGV[11] the key's id
-- ARGV[12] SHA-256 of its secret (hex), which nobody but its owner knows; empty where the caller is to be looked at
-- Returns {1 when it was revoked now, else 0; account, name, scopes, ids of keys that it made and that ended with it...},
-- {} where there is no such key, or {code} of a caller who may not act.
${ACTING_LUA}
local key = read_record(KEYS[1])
if ARGV[12] == '' then
  local caller, refusal = acting_caller()
  if not caller then return refusal end
  if key.account ~= caller.account then return {} end
elseif key.account == nil or key.secret_hash ~= ARGV[12] then return {} end
if key.revoked == '1' then return {0, key.account, key.name or '', key.scopes or ''} end

local ended, reply = {[ARGV[11]] = true}, {1, key.account, key.name or '', key.scopes or ''}
local index = '${API_KEYS_PREFIX}' .. key.account
local ids, found = redis.call('ZRANGEBYSCORE', index, '0', '+inf'), true
-- Each pass finds one more generation.
while found do
  found = false
  for _, id in ipairs(ids) do
    if not ended[id] and ended[redis.call('HGET', '${API_KEY_PREFIX}' .. id, 'made_by')] then
      ended[id], found = true, true
      table.insert(reply, id)
    end
  end
end
for id in pairs(ended) do
  local name = '${API_KEY_PREFIX}' .. id
  redis.call('HSET', name, 'revoked', '1')
  local ends = math.min(now, tonumber(redis.call('HGET', name, 'expires_at') or now))
  redis.call('PEXPIREAT', name, int(ends + ${ENDED_API_KEY_KEPT_MS}))
  redis.call('ZADD', index, int(-now), id)
end
-- The newest come first.
for _, id in ipairs(redis.call('ZRANGEBYSCORE', index, '-inf', '(0', 'LIMIT', ${MAX_REVOKED_API_KEYS}, -1)) do
  redis.call('DEL', '${API_KEY_PREFIX}' .. id)
  redis.call('ZREM', index, id)
end
write_act(key.account)
return reply
`,
}
