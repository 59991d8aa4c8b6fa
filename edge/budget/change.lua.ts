import type { Script } from '../../shared/redis-script.ts'
import { ACTING_LUA } from './acting.lua.ts'
import { RECORD_LIFE_LUA } from './record-life.lua.ts'

/** Changes the record of an account and writes a row about it into the audit log, if the caller may still act. */
export const CHANGE_ACCOUNT: Script = {
  name: 'change_account',
  sha: 'a113921ed4658463d27984b4e1e0e782ddaae488',
  lua: `
-- The keys and the first ten arguments are those of acting.lua.ts; the record is the account's.
-- ARGV[11] how many words of fields to be written follow, names and texts in turn; after them, fields to be removed
-- Returns {changed}, or {code} of a caller who may not act.
${ACTING_LUA}${RECORD_LIFE_LUA}
local caller, refusal = acting_caller()
if not caller then return refusal end
write_act()
local last = 11 + tonumber(ARGV[11])
if last > 11 then redis.call('HSET', KEYS[1], unpack(ARGV, 12, last)) end
if #ARGV > last then redis.call('HDEL', KEYS[1], unpack(ARGV, last + 1)) end
keep_record(KEYS[1], now)
return {'changed'}
`,
}
