import { CLOCK_LUA } from '../../shared/clock.lua.ts'
import type { Script } from '../../shared/redis-script.ts'
import { AUDIT_LUA } from '../audit/act.lua.ts'
import { API_KEY_PREFIX, API_KEYS_PREFIX } from '../store/redis-keys.ts'

/**
 * Ends an API key and the keys that it made. It writes a row into the audit log, unless the key had ended before. The
 * caller must name the key's account or its secret; otherwise the answer is the same as for a key that does not exist.
 */
export const REVOKE_API_KEY: Script = {
  name: 'revoke_key',
  sha: 'ef35f109f41f0b2f3de0305330982c16f5e55c97',
  lua: `
-- KEYS[1] API key's record: hash
-- KEYS[2] audit log: stream
-- ARGV[1] the key's id
-- ARGV[2] account that the key must be of; empty for any
-- ARGV[3] SHA-256 of the secret that it must have (hex); empty for any
-- ARGV[4] ARGV[5] ARGV[6] ARGV[7] ARGV[8] actor, action, target, reason, detail of the act
-- Returns {1 when it was revoked now, else 0; account, name, scopes, ids of keys that it made and that ended with it...},
-- or {} where there is no such key.
${CLOCK_LUA}${AUDIT_LUA}
local key = read_record(KEYS[1])
if key.account == nil or (ARGV[2] == '' and ARGV[3] == '') then return {} end
if ARGV[2] ~= '' and key.account ~= ARGV[2] then return {} end
if ARGV[3] ~= '' and key.secret_hash ~= ARGV[3] then return {} end
if key.revoked == '1' then return {0, key.account, key.name or '', key.scopes or ''} end

local ended, reply = {[ARGV[1]] = true}, {1, key.account, key.name or '', key.scopes or ''}
local index = '${API_KEYS_PREFIX}' .. key.account
local ids, found = redis.call('ZRANGE', index, '0', '-1'), true
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
  redis.call('HSET', '${API_KEY_PREFIX}' .. id, 'revoked', '1')
  redis.call('ZREM', index, id)
end
write_act(KEYS[2], ARGV[4], ARGV[5], ARGV[6], ARGV[7], ARGV[8])
return reply
`,
}
