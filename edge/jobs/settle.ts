import { hasEnded, type JobState } from '../../shared/jobs/record.ts'
import { unitsOf, type Work } from '../../shared/units.ts'
import type { Budget, Crossing, Outcome } from '../budget/port.ts'
import type { Log } from '../log/port.ts'
import type { Job } from './job.ts'
import type { JobStore } from './port.ts'

type Options = {
  budget: Pick<Budget, 'settle'>
  store: Pick<JobStore, 'due' | 'settled'>
  /** Told of thresholds that a settlement crossed. Must not throw. */
  notify: (crossed: readonly Crossing[]) => Promise<void>
  log: Log
}

const OUTCOMES: Partial<Record<JobState, Outcome>> = {
  done: 'ok',
  cancelled: 'cancelled',
  expired: 'failed',
  failed: 'failed',
}

/** Jobs that one run ends, and that it settles, at most. */
const MOST = 100

/** Charges ended jobs for what was computed, each once; edge/budget/settle.lua.ts says why a second time does nothing. */
export function createSettleJobs({ budget, store, notify, log }: Options) {
  /** The job as it is then: one that has not ended or is settled stays as it is. @throws TwohopError store_unavailable */
  async function settleJob(job: Job): Promise<Job> {
    const outcome = OUTCOMES[job.state]
    if (!outcome || job.settled) return job
    const { id, account, plan, key, model, task, prices, reserved_units } = job
    const used = {
      promptTokens: job.prompt_tokens,
      outputTokens: job.output_tokens,
      computeMs: job.compute_ms,
    }
    const units = reportedUnits(prices, used)
    const { crossed } = await budget.settle({
      requestId: id,
      // A record whose reservation is gone costs nothing: it was settled long ago, or a host made it up.
      reserved: { account, units: 0, plan, model, task, key },
      units,
      ...used,
      outcome,
    })
    const charged = Math.min(units, reserved_units)
    await Promise.all([store.settled(id, charged), notify(crossed)])
    return { ...job, settled: '1', units: charged }
  }

  /**
   * Ends jobs past their deadline and settles those that ended. Returns how many were settled; one that cannot be now
   * stops no other, is tried again the next time, and in the end left to the sweep.
   * @throws TwohopError store_unavailable; AggregateError of why jobs could not be settled
   */
  async function settleDue(): Promise<number> {
    const due = (await store.due(MOST)).filter(({ state }) => hasEnded(state))
    // Of one tick, so they share a request to the store.
    const results = await Promise.allSettled(due.map(logged))
    const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))
    if (failures.length > 0)
      throw new AggregateError(failures, `${failures.length} of ${due.length} jobs could not be settled`)
    return due.length
  }

  async function logged(job: Job): Promise<Job> {
    try {
      return await settleJob(job)
    } catch (error) {
      await log('error', 'job_settlement_failed', { requestId: job.id, account: job.account, error })
      throw error
    }
  }

  /** As settleJob for who reads a job: where it cannot be settled now it stays as it is, for the next run. */
  async function settledOrLater(job: Job): Promise<Job> {
    return logged(job).catch(() => job)
  }

  return { settleJob, settledOrLater, settleDue }
}

/** More than can be counted exactly is more than was ever reserved; it is charged as that, and stays seen as too much. */
function reportedUnits(prices: Job['prices'], used: Work): number {
  try {
    return unitsOf(prices, used)
  } catch {
    return Number.MAX_SAFE_INTEGER
  }
}
