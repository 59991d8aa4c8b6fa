import { TwohopError } from '../../shared/errors.ts'
import { JOB_RESULTS_KEPT_MS, JobResult, type ResultPlace } from '../../shared/jobs/record.ts'
import { unpackVectors } from '../../shared/jobs/vectors.ts'
import type { Log } from '../log/port.ts'
import type { Job } from './job.ts'
import type { JobStore } from './port.ts'
import { copyResults, type ResultStore } from './results.ts'

/** Results that take fewer bytes than this in Redis stay there. */
const LARGE_BYTES = 64 * 1024

type Options = {
  store: Pick<JobStore, 'moved'>
  /** Where hosts write results. */
  from: ResultStore
  /** Where large ones are moved, and its name. */
  to: ResultStore
  place: ResultPlace
  log: Log
}

/**
 * Moves the results of an ended job out of Redis where they are large. Never throws: what cannot be moved stays in Redis
 * for its time, and counts there.
 */
export function createMoveResults({ store, from, to, place, log }: Options) {
  return async function moveResults(job: Job): Promise<void> {
    const { id, account, ended_at, kept_ms = JOB_RESULTS_KEPT_MS } = job
    if (job.moved || ended_at === undefined || job.bytes < LARGE_BYTES) return
    try {
      if (await copyResults(from, to, { id, account, until: ended_at + kept_ms }))
        await store.moved(id, place)
      else await log('warn', 'job_results_no_room', { requestId: id, account })
    } catch (error) {
      await log('warn', 'job_results_not_moved', { requestId: id, account, error })
    }
  }
}

/**
 * A store of jobs whose results may have been moved: these are read where they are now.
 * @param places those that are configured. Results that lie elsewhere are not lost, so reading them is `store_unavailable`
 */
export function withMovedResults(
  store: JobStore,
  places: { [Place in ResultPlace]?: Pick<ResultStore, 'page'> | undefined },
): JobStore {
  return {
    ...store,
    async read(id, after, most) {
      const found = await store.read(id, after, most)
      if (!found?.job.moved) return found
      const kept = places[found.job.moved]
      if (!kept)
        throw new TwohopError('store_unavailable', 'The results of this job lie where this edge cannot read.')
      const { results, more } = await kept.page(found.job, after, most)
      const read = results.map(({ index, json }) => {
        const { status, body } = JobResult.parse(JSON.parse(json))
        return { index, status, body: unpackVectors(found.job.path, body) }
      })
      return { job: found.job, page: { results: read, more } }
    },
  }
}
