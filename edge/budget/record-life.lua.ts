import { WINDOW_KEPT_MS } from '../store/lifetimes.ts'

/**
 * Lua shared by the scripts that write an account's record (edge/budget/accounts.ts). A record stays for ever while it says
 * what must not be forgotten: a suspension, a plan, a billing day, from when on tokens count again. One that only has a grant
 * ends after it, when the windows that drew on it have ended too. A settlement that comes later finds no grant to give back to.
 */
export const RECORD_LIFE_LUA = `
local function keep_record(key, now)
  local record = read_record(key)
  if record.status == 'suspended' or record.plan or record.billing_day or record.revoked_before then
    redis.call('PERSIST', key)
  else
    local left = math.max(0, tonumber(record.extra_until or 0) - now)
    redis.call('PEXPIRE', key, int(left + ${WINDOW_KEPT_MS}))
  end
end
`
