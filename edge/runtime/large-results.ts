import type { ResultPlace } from '../../shared/jobs/record.ts'
import { createR2Results } from '../jobs/r2-results.ts'
import type { ResultStore } from '../jobs/results.ts'
import { createSupabaseResults } from '../jobs/supabase-results.ts'
import { Complaint } from './complaint.ts'
import type { edgeConfig } from './config.ts'
import { NotConfigured } from './not-configured.ts'
import type { Platform } from './platform.ts'

/** The name of the binding of an R2 bucket, where results of jobs are kept in one. */
export const JOB_RESULTS_BUCKET = 'JOB_RESULTS_BUCKET'

type Parts = Pick<Platform, 'resultsBucket' | 'restOf'> & {
  fetch: typeof globalThis.fetch
  now: () => number
}
type Config = Pick<ReturnType<typeof edgeConfig>, 'JOB_RESULTS' | 'JOB_RESULTS_BYTES' | 'ledger'>

/**
 * The stores that large results of jobs may lie in. They are read wherever the edge can reach them, so that those of
 * before are read after `JOB_RESULTS` has changed, while the ledger or the bucket is still configured.
 * @throws NotConfigured where JOB_RESULTS names a bucket that is not bound
 */
export function largeResults(
  { JOB_RESULTS: place, JOB_RESULTS_BYTES: bytesOfAccount, ledger }: Config,
  { resultsBucket, restOf, fetch, now }: Parts,
) {
  const inLedger = ledger && createSupabaseResults({ ...ledger, bytesOfAccount, fetch }, restOf)
  const inBucket = resultsBucket && createR2Results({ bucket: resultsBucket, bytesOfAccount, now })
  const places: { [Place in ResultPlace]: ResultStore | undefined } = { ledger: inLedger, r2: inBucket }
  const to = place === 'redis' ? undefined : places[place]
  if (place === 'r2' && !to)
    throw new NotConfigured([
      new Complaint(
        'wrong',
        'JOB_RESULTS',
        `r2 needs a bucket with the binding ${JOB_RESULTS_BUCKET}, see wrangler.toml`,
      ),
    ])
  return {
    places,
    /** Where new ones are moved; undefined where they stay in Redis. */
    to: place !== 'redis' && to ? { to, place } : undefined,
    /** Drops results whose time is over where nothing else does: a bucket has a rule of its own. */
    dropEnded: async () => {
      if (place === 'ledger') await inLedger?.dropEnded()
    },
  }
}
