import { CLOCK_LUA } from '../../shared/clock.lua.ts'
import type { Script } from '../../shared/redis-script.ts'
import { SPENDER_LUA } from './spender.lua.ts'
import { WINDOWS_LUA } from './windows.lua.ts'

/** Reads an account's counters; writes nothing. */
export const USAGE: Script = {
  name: 'usage',
  sha: 'c8969a1d7dded05d1de3c09ce1a5798b22feb2c1',
  lua: `
-- Returns {usage, account, running, requests, limit, used, held, ms to the end...} for minute, day, month;
-- {plan_is, plan}; {code} alone for who may not spend at all.
${CLOCK_LUA}${WINDOWS_LUA}${SPENDER_LUA}
local now = now_ms(tonumber(ARGV[1]))
local spender, refusal = identify(now)
if not spender then return refusal end
return counters_reply('usage', spender.account, running_of(spender, now), windows_of(spender, now), now)
`,
}
