import { CLOCK_LUA } from '../../shared/clock.lua.ts'
import { CHALLENGED_LUA } from './anomaly.lua.ts'
import { CALLER_LUA } from './caller.lua.ts'

/**
 * The head of every script that does an act: what a caller does to an account or an API key, with its row in the audit
 * log. `actingWords` (edge/budget/commands.ts) makes the keys and arguments.
 */
export const ACTING_LUA = `
-- KEYS[1] the record that is changed: hash
-- KEYS[2] the record of the caller's API key: hash; any name for a token
-- KEYS[3] audit log: stream
-- ARGV[1] now (ms), 0 for the server's clock
-- ARGV[2] ARGV[3] ARGV[4] ARGV[5] the caller, see caller.lua.ts: account, issued at, SHA-256 of the secret, scopes
-- ARGV[6] ARGV[7] ARGV[8] ARGV[9] ARGV[10] actor, action, target, reason, detail of the act
${CLOCK_LUA}${CALLER_LUA}${CHALLENGED_LUA}
local now = now_ms(tonumber(ARGV[1]))
local function acting_caller()
  return acting_caller_of(KEYS[2], ARGV[2], ARGV[3], ARGV[4], ARGV[5], now)
end
-- account: whose it is, for the detail, where only the script knows; JSON as RFC 8259 escapes it.
local function write_act(account)
  local detail = ARGV[10]
  if account then
    local text = string.gsub(account, '[%c"\\\\]', function(char) return string.format('\\\\u%04x', string.byte(char)) end)
    local rest = string.sub(detail, 2)
    detail = '{"account":"' .. text .. '"' .. (rest == '}' and '' or ',') .. rest
  end
  redis.call('XADD', KEYS[3], '*', 'actor', ARGV[6], 'action', ARGV[7], 'target', ARGV[8], 'reason', ARGV[9],
    'detail', detail)
end
`
