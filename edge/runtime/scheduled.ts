import type { Log } from '../log/port.ts'

type Options = {
  /** Charges jobs that ended. */
  settleJobs: () => Promise<unknown>
  /** Charges reservations that nobody settled. */
  sweep: () => Promise<unknown>
  /** Moves to the ledger what is to go there; none where there is no ledger. */
  drain: (() => Promise<unknown>) | undefined
  log: Log
}

/**
 * What is to be done every minute. Jobs before the sweep, which charges in full what nobody settled; the drain last, so
 * that what both charge goes to the ledger with the rest. One that fails leaves the others to their work.
 * @throws what the last of them threw that failed, so that the runtime counts the run as failed
 */
export function createScheduled({ settleJobs, sweep, drain, log }: Options) {
  async function logged(event: string, task: () => Promise<unknown>): Promise<unknown> {
    try {
      return await task()
    } catch (error) {
      await log('error', event, { error })
      throw error
    }
  }

  return async function scheduled(): Promise<void> {
    await logged('job_settlements_failed', settleJobs)
      .finally(() => logged('sweep_failed', sweep))
      .finally(() => drain && logged('drain_failed', drain))
  }
}
