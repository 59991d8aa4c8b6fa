import { MAX_TOKEN_AGE_MS, WINDOW_KEPT_MS } from '../store/lifetimes.ts'

/**
 * Lua shared by the scripts that write an account's record (edge/budget/accounts.ts). A record stays for ever while it says
 * what must not be forgotten: a suspension, a plan, a billing day. Any other ends when nothing that it says matters any more:
 * the last token that it refuses is too old, its grant is over, and so are the windows that drew on it. A settlement that
 * comes later finds no grant to give back to.
 */
export const RECORD_LIFE_LUA = `
local function keep_record(key, now)
  local record = read_record(key)
  if record.status == 'suspended' or record.plan or record.billing_day then
    redis.call('PERSIST', key)
  else
    local revoked = record.revoked_before and tonumber(record.revoked_before) * 1000 + ${MAX_TOKEN_AGE_MS} or 0
    local ends = math.max(now, revoked, tonumber(record.extra_until or 0))
    redis.call('PEXPIRE', key, int(ends - now + ${WINDOW_KEPT_MS}))
  end
end
`
