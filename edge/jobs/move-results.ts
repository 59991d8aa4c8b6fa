import { JOB_RESULTS_KEPT_MS, JobResult } from '../../shared/jobs/record.ts'
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
  /** Where large ones are moved. */
  to: ResultStore
  log: Log
}

/**
 * Moves the results of an ended job out of Redis where they are large. Never throws: what cannot be moved stays in Redis
 * for its time, and counts there.
 */
export function createMoveResults({ store, from, to, log }: Options) {
  return async function moveResults(job: Job): Promise<void> {
    const { id, account, ended_at, kept_ms = JOB_RESULTS_KEPT_MS } = job
    if (job.moved || ended_at === undefined || job.bytes < LARGE_BYTES) return
    try {
      if (await copyResults(from, to, { id, account, until: ended_at + kept_ms })) await store.moved(id)
      else await log('warn', 'job_results_no_room', { requestId: id, account })
    } catch (error) {
      await log('warn', 'job_results_not_moved', { requestId: id, account, error })
    }
  }
}

/** A store of jobs whose results may have been moved: these are read where they are now. */
export function withMovedResults(store: JobStore, moved: Pick<ResultStore, 'page'>): JobStore {
  return {
    ...store,
    async read(id, after, most) {
      const found = await store.read(id, after, most)
      if (!found?.job.moved) return found
      const { results, more } = await moved.page(found.job, after, most)
      const read = results.map(({ index, json }) => {
        const { status, body } = JobResult.parse(JSON.parse(json))
        return { index, status, body: unpackVectors(found.job.path, body) }
      })
      return { job: found.job, page: { results: read, more } }
    },
  }
}
