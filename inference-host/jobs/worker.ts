import type { JobEvent } from '../metrics/job-events.ts'
import { faultOf } from '../platform/fault.ts'
import type { Log } from '../platform/log.ts'
import { createBell } from './bell.ts'
import type { JobStore } from './port.ts'
import type { WorkOnJob } from './work-on-job.ts'

/** Takes jobs and has them worked on, one at a time for each model. */
export type Worker = {
  /** Looks for jobs now. Any number of calls while it looks come to one more look. */
  wake(): void
  /**
   * Takes no more jobs, and resolves when those at hand are ended or given back. `idle` resolves when none of their
   * inputs runs any more. From then on the store has `limitMs` milliseconds to take that.
   */
  drain(idle: Promise<unknown>, limitMs: number): Promise<void>
}

type Options = {
  store: Pick<JobStore, 'claim'>
  work: WorkOnJob
  models: readonly string[]
  /** How often it looks by itself, in milliseconds. */
  pollMs: number
  observe: (model: string, event: JobEvent) => void
  log: Log
}

/**
 * A worker that looks for jobs from now on. It looks when a model has nothing to do, when it is woken, and when
 * `pollMs` have passed.
 */
export function createWorker({ store, work, models, pollMs, observe, log }: Options): Worker {
  const bell = createBell()
  const draining = new AbortController()
  const giveUp = new AbortController()
  const signals = { draining: draining.signal, giveUp: giveUp.signal }
  const busy = new Map<string, Promise<void>>()
  let away = false

  /** True where there may be more to take. */
  async function look(): Promise<boolean> {
    const free = models.filter((model) => !busy.has(model))
    if (free.length === 0) return false
    try {
      const job = await store.claim(free)
      if (away) log('jobs_available')
      away = false
      if (job === undefined) return false
      const { id, model, takenOver, record, done } = job
      log('job_claimed', { id, model, count: record.count, done: done.size, taken_over: takenOver })
      observe(model, { type: 'claimed', takenOver })
      const worked = work(job, signals)
        .catch((error: unknown) => log('job_lost', { id, model, ...faultOf(error) }))
        .finally(() => {
          busy.delete(model)
          observe(model, { type: 'left' })
          bell.ring()
        })
      busy.set(model, worked)
      return true
    } catch (error) {
      // The client's message repeats the whole command.
      if (!away) log('jobs_unavailable', faultOf(error))
      away = true
      return false
    }
  }

  async function run(): Promise<void> {
    while (!draining.signal.aborted) if (!(await look())) await bell.rung(pollMs)
  }

  const ran = run()
  return {
    wake: bell.ring,
    async drain(idle, limitMs) {
      draining.abort()
      bell.ring()
      await idle
      const late = setTimeout(() => giveUp.abort(), limitMs)
      await ran
      await Promise.all(busy.values())
      clearTimeout(late)
    },
  }
}
