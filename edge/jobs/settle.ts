import { hasEnded, type JobState } from '../../shared/jobs/record.ts'
import { type Use, unitsOf } from '../../shared/units.ts'
import type { Budget, Crossing, Outcome } from '../budget/port.ts'
import type { Log } from '../log/port.ts'
import { calledOf, type Job } from './job.ts'
import type { JobStore } from './port.ts'

type Options = {
  budget: Pick<Budget, 'settle'>
  store: Pick<JobStore, 'due' | 'settled'>
  /** Called with the thresholds that a settlement crossed. Must not throw. */
  notify: (crossed: readonly Crossing[]) => Promise<void>
  /** Called with a job that was settled: its results may be moved. Must not throw. */
  moveResults?: ((job: Job) => Promise<void>) | undefined
  log: Log
}

const OUTCOMES: Partial<Record<JobState, Outcome>> = {
  done: 'ok',
  cancelled: 'cancelled',
  expired: 'failed',
  failed: 'failed',
}

/** The most jobs that one run ends, and the most that it settles. */
const MOST = 100

/** Settles ended jobs by what was computed, each once. A second settlement does nothing (edge/budget/settle.lua.ts). */
export function createSettleJobs({ budget, store, notify, moveResults, log }: Options) {
  /**
   * Settles the job if it has ended and is not settled. Returns the job as it is then.
   * @throws TwohopError store_unavailable
   */
  async function settleJob(job: Job): Promise<Job> {
    const outcome = OUTCOMES[job.state]
    if (!outcome || job.settled) return job
    const { id, account, plan, key, version, task, prices, reserved_units } = job
    const used = {
      promptTokens: job.prompt_tokens,
      outputTokens: job.output_tokens,
      computeMs: job.compute_ms,
    }
    const units = reportedUnits(prices, used)
    const { crossed } = await budget.settle({
      requestId: id,
      // A job whose reservation is gone is charged nothing: it was settled long ago, or a host made up its record.
      reserved: { account, units: 0, plan, model: calledOf(job), version, task, key },
      units,
      ...used,
      outcome,
    })
    const charged = Math.min(units, reserved_units)
    await Promise.all([store.settled(id, charged), notify(crossed)])
    await moveResults?.(job)
    return { ...job, settled: '1', units: charged }
  }

  /**
   * Ends jobs past their deadline and settles ended jobs. Returns how many were settled. A job that cannot be settled
   * does not stop the others. The next run tries it again; in the end the sweep charges it.
   * @throws TwohopError store_unavailable; AggregateError of why jobs could not be settled
   */
  async function settleDue(): Promise<number> {
    const due = (await store.due(MOST)).filter(({ state }) => hasEnded(state))
    // All start in one tick, so they share a request to the store.
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

  /**
   * Like settleJob, for a reader of the job. If it fails, the job is returned as it is, and the next run tries again.
   */
  async function settledOrLater(job: Job): Promise<Job> {
    return logged(job).catch(() => job)
  }

  return { settleJob, settledOrLater, settleDue }
}

/**
 * The units of the reported use. Where they are too many to be counted exactly, the largest safe whole number stands
 * for them: the charge is then what was reserved, and the event shows that the host reported too much.
 */
function reportedUnits(prices: Job['prices'], used: Use): number {
  try {
    return unitsOf(prices, used)
  } catch {
    return Number.MAX_SAFE_INTEGER
  }
}
