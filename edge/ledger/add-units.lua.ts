import type { Script } from '../../shared/redis-script.ts'

/** Adds units to a counter in one step, so that no request's units are lost and no key is left without an expiry. */
export const ADD_UNITS: Script = {
  name: 'add_units',
  sha: '24f2bfa3734a2dc071f242f58fcfbc970650a32a',
  lua: `
-- KEYS[1] counters of a window: hash
-- ARGV[1] units to add, also fewer than 0
-- ARGV[2] when the key ends (ms) where it has no end
redis.call('HINCRBY', KEYS[1], 'used', ARGV[1])
if redis.call('PTTL', KEYS[1]) == -1 then redis.call('PEXPIREAT', KEYS[1], ARGV[2]) end
return 1
`,
}
