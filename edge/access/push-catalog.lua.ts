import { CLOCK_LUA } from '../../shared/clock.lua.ts'
import type { Script } from '../../shared/redis-script.ts'

/** Puts a catalog in the place of the one that its author saw, with a row in the log of administration. */
export const PUSH_CATALOG: Script = {
  name: 'push_catalog',
  sha: '5352156f248f89f60fb8a66e39b6d468f4a9ad77',
  lua: `
-- KEYS[1] the catalog: hash
-- KEYS[2] the versions of it: hash
-- KEYS[3] audit log: stream
-- ARGV[1] now (ms), 0 for the server's clock
-- ARGV[2] the version that its author saw, 0 for none
-- ARGV[3] the catalog (JSON); empty for the deployed one
-- ARGV[4] how many versions are kept
-- ARGV[5] ARGV[6] what was done, and its reason
-- Returns {pushed, version}, or {changed, the version that is there}.
${CLOCK_LUA}
local is = tonumber(redis.call('HGET', KEYS[1], 'version') or 0)
if is ~= tonumber(ARGV[2]) then return {'changed', is} end
local now, version = int(now_ms(tonumber(ARGV[1]))), is + 1
redis.call('HSET', KEYS[1], 'version', int(version), 'catalog', ARGV[3])
redis.call('HSET', KEYS[2], int(version), now .. ' ' .. ARGV[3])
redis.call('HDEL', KEYS[2], int(version - tonumber(ARGV[4])))
redis.call('XADD', KEYS[3], '*', 'actor', 'operator', 'action', ARGV[5], 'target', 'catalog', 'reason', ARGV[6],
  'detail', '{"version":' .. int(version) .. '}')
return {'pushed', version}
`,
}
