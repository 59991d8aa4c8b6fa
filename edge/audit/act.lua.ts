/** Lua shared by the scripts that change API keys: writes a row into the audit log. */
export const AUDIT_LUA = `
local function write_act(stream, actor, action, target, reason, detail)
  redis.call('XADD', stream, '*', 'actor', actor, 'action', action, 'target', target, 'reason', reason,
    'detail', detail)
end
`
