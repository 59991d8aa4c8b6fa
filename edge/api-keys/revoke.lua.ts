import { CLOCK_LUA } from '../../shared/clock.lua.ts'
import type { Script } from '../../shared/redis-script.ts'
import { AUDIT_LUA } from '../audit/act.lua.ts'
import { CALLER_LUA } from '../budget/caller.lua.ts'
import { API_KEY_PREFIX, API_KEYS_PREFIX } from '../store/redis-keys.ts'

/**
 * Ends an API key and the keys that it made. It writes a row into the audit log, unless the key had ended before. The
 * caller must be of the key's account and still may act, or show the key's secret; otherwise the answer is the same as for a
 * key that does not exist.
 */
export const REVOKE_API_KEY: Script = {
  name: 'revoke_key',
  sha: 'a18686b420feb6bdef2999c0df9bc3c1cdf97317',
  lua: `
-- KEYS[1] API key's record: hash
-- KEYS[2] the record of the caller's API key: hash; any name for a token
-- KEYS[3] audit log: stream
-- ARGV[1] now (ms), 0 for the server's clock
-- ARGV[2] ARGV[3] ARGV[4] ARGV[5] the caller, see caller.lua.ts: account, issued at, SHA-256 of the secret, scopes
-- ARGV[6] ARGV[7] ARGV[8] ARGV[9] ARGV[10] actor, action, target, reason, detail of the act
-- ARGV[11] the key's id
-- ARGV[12] SHA-256 of its secret (hex), which nobody but its owner knows; empty where the caller is to be looked at
-- Returns {1 when it was revoked now, else 0; account, name, scopes, ids of keys that it made and that ended with it...},
-- {} where there is no such key, or {code} of a caller who may not act.
${CLOCK_LUA}${CALLER_LUA}${AUDIT_LUA}
local key = read_record(KEYS[1])
if ARGV[12] == '' then
  local caller, refusal = caller_of(KEYS[2], ARGV[2], ARGV[3], ARGV[4], ARGV[5], now_ms(tonumber(ARGV[1])))
  if not caller then return refusal end
  if key.account ~= caller.account then return {} end
elseif key.account == nil or key.secret_hash ~= ARGV[12] then return {} end
if key.revoked == '1' then return {0, key.account, key.name or '', key.scopes or ''} end

local ended, reply = {[ARGV[11]] = true}, {1, key.account, key.name or '', key.scopes or ''}
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
write_act(KEYS[3], ARGV[6], ARGV[7], ARGV[8], ARGV[9], ARGV[10])
return reply
`,
}
