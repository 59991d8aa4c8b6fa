import { CLOCK_LUA } from './clock.lua.ts'
import type { Script } from './script.ts'
import { WINDOWS_LUA } from './windows.lua.ts'

/** Reads an account's counters; writes nothing. */
export const USAGE: Script = {
  name: 'usage',
  sha: '150c1f8a2025475dc0249baa7146c7355619e57e',
  lua: `
-- KEYS[1] the account's leases: sorted set of request ids by expiry (ms)
-- KEYS[2] prefix of the account's counters
-- ARGV[1] now (ms), 0 for the server's clock
-- Returns {'usage', running, requests, used, held, ms to the end...} for minute, day, month.
${CLOCK_LUA}${WINDOWS_LUA}
local now = now_ms(tonumber(ARGV[1]))
local windows, requests = read_windows(KEYS[2], now)
return counters_reply('usage', running(KEYS[1], now), requests, windows, now)
`,
}
