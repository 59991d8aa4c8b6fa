import type { Log } from '../log/port.ts'

type Options = {
  /** Charges jobs that ended. */
  settleJobs: () => Promise<unknown>
  /** Charges reservations that nobody settled. */
  sweep: () => Promise<unknown>
  /** Drains the streams into the ledger; undefined where there is no ledger. */
  drain: (() => Promise<unknown>) | undefined
  /** Keeps the streams within their bounds. */
  keepWithin: () => Promise<unknown>
  /** Drops prompts that were kept long enough; undefined where none are kept. */
  forgetPrompts?: (() => Promise<unknown>) | undefined
  /** Asks hosts whether they are there; undefined where the catalog has none. Never throws. */
  probe?: (() => Promise<unknown>) | undefined
  log: Log
}

/**
 * Runs the tasks of every minute. Jobs are settled before the sweep, which charges in full what nobody settled. The
 * drain comes after, so that the charges of both go to the ledger too, and then the bounds of what is left. A task that
 * fails does not stop the others.
 * @throws the error of the last task that failed, so that the runtime counts the run as failed
 */
export function createScheduled({
  settleJobs,
  sweep,
  drain,
  keepWithin,
  forgetPrompts,
  probe,
  log,
}: Options) {
  async function logged(event: string, task: () => Promise<unknown>): Promise<unknown> {
    try {
      return await task()
    } catch (error) {
      await log('error', event, { error })
      throw error
    }
  }

  return async function scheduled(): Promise<void> {
    const probed = probe?.()
    await logged('job_settlements_failed', settleJobs)
      .finally(() => logged('sweep_failed', sweep))
      .finally(() => drain && logged('drain_failed', drain))
      .finally(() => logged('streams_not_bounded', keepWithin))
      .finally(() => forgetPrompts && logged('prompts_not_dropped', forgetPrompts))
      .finally(() => probed)
  }
}
