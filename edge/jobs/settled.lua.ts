import type { Script } from '../../shared/redis-script.ts'

/** Takes an ended job off the list of jobs to be settled. Writes its charge into its record, if there is one. */
export const SETTLED_JOB: Script = {
  name: 'settled_job',
  sha: 'f10f8ad98d0283873b77bb012f0cdd914d791ea7',
  lua: `
-- KEYS[1] the job's record: hash
-- KEYS[2] ended jobs: sorted set by end (ms)
-- ARGV[1] the job's id
-- ARGV[2] charged (units); left out where the sweep is left to charge it
-- Returns {settled}.
if ARGV[2] and redis.call('EXISTS', KEYS[1]) == 1 then redis.call('HSET', KEYS[1], 'settled', '1', 'units', ARGV[2]) end
redis.call('ZREM', KEYS[2], ARGV[1])
return {'settled'}
`,
}
