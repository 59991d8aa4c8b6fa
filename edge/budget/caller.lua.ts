import { ACCOUNT_PREFIX } from '../store/redis-keys.ts'

/**
 * Lua shared by every script that does something for a caller. It finds out who that is, by the records of accounts
 * (edge/budget/accounts.ts) and API keys (edge/api-keys/port.ts), in the step that does it: whoever was revoked or
 * suspended a moment before does nothing any more, whatever a still valid token or an earlier look says.
 */
export const CALLER_LUA = `
-- key_name: the record of an API key, any name for a token; account: empty for an API key, whose record names it;
-- issued_at (s); secret_hash (hex), scopes: what an API key must have, with spaces between.
-- Returns {account, its record, plan of the key}, or nil and the refusal.
local function caller_of(key_name, account, issued_at, secret_hash, scopes, now)
  local plan
  local has_token = account ~= ''
  if not has_token then
    local key = read_record(key_name)
    if key.account == nil or key.secret_hash ~= secret_hash then return nil, {'key_invalid'} end
    if key.revoked == '1' then return nil, {'key_revoked'} end
    if key.expires_at and tonumber(key.expires_at) <= now then return nil, {'key_expired'} end
    for scope in string.gmatch(scopes, '%S+') do
      if not string.find(' ' .. (key.scopes or '') .. ' ', ' ' .. scope .. ' ', 1, true) then
        return nil, {'scope_missing'}
      end
    end
    account, plan = key.account, key.plan
  end
  local record = read_record('${ACCOUNT_PREFIX}' .. account)
  if record.status == 'suspended' then return nil, {'account_suspended'} end
  if has_token and tonumber(issued_at) < tonumber(record.revoked_before or 0) then return nil, {'token_revoked'} end
  return {account = account, record = record, plan = plan}
end
`
