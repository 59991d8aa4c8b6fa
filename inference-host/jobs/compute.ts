import type { JobEvent } from '../metrics/job-events.ts'
import { faultOf } from '../platform/fault.ts'
import type { Log } from '../platform/log.ts'
import { LONGEST_TIMER } from '../platform/longest-timer.ts'
import { createBell } from './bell.ts'
import type { Outcome, RunningInput, StartInput } from './input.ts'
import type { Persistence } from './persist.ts'
import type { ClaimedJob, JobStore, Use } from './port.ts'
import { createReporter } from './reporter.ts'
import { tooLargeResult } from './result.ts'
import { createTodo } from './todo.ts'
import type { VerifiedJob } from './verify.ts'

export type Signals = {
  /** No further input is begun; what is finished is stored and the job given back. */
  draining: AbortSignal
  /** Nothing is tried any more: the claim lapses by itself. */
  giveUp: AbortSignal
}

/** Why the inputs of a job are stopped before all have a result. */
type Halt = 'cancelled' | 'expired' | 'lost'

/** What this host did of a job. */
export type Computed = {
  halted: Halt | undefined
  /** Inputs without a result. */
  left: number
  /** Results, those of them that are errors, and what was computed. */
  sum: { done: number; failed: number; prompt_tokens: number; output_tokens: number; compute_ms: number }
}

/**
 * Computes the inputs that have no result yet, in the order of their indexes, and stores the results. It ends when all
 * have one, or when it is halted or drained.
 */
export type Compute = (claimed: ClaimedJob, job: VerifiedJob, signals: Signals) => Promise<Computed>

export type ComputeOptions = {
  store: Pick<JobStore, 'report'>
  startInput: StartInput
  /** Inputs that a model computes at once; asked anew each time. */
  slots: (model: string) => number
  /** Milliseconds after which a claim that was not renewed is taken over. */
  claimMs: number
  observe: (model: string, event: JobEvent) => void
  log: Log
  /** How it waits for a store that is away. */
  backoff?: Pick<Persistence, 'wait' | 'random'>
  /** Milliseconds since the epoch. */
  now?: () => number
}

export function createCompute(options: ComputeOptions): Compute {
  const { store, startInput, slots, claimMs, observe, log, backoff, now = Date.now } = options

  return async function compute(claimed, job, { draining, giveUp }) {
    const { model } = job
    const bell = createBell()
    const undone = [...job.inputs.keys()].filter((index) => !claimed.done.has(index))
    const todo = createTodo(undone, now)
    const running = new Map<number, RunningInput>()
    const sum = { done: 0, failed: 0, prompt_tokens: 0, output_tokens: 0, compute_ms: 0 }
    let halted: Halt | undefined
    let broken: { error: unknown } | undefined

    function halt(why: Halt): void {
      if (halted !== undefined) return
      halted = why
      for (const input of running.values()) input.stop()
      bell.ring()
    }

    const reporter = createReporter({
      send: (number, finished) => store.report(claimed, number, finished),
      instead: (index) => tooLargeResult(`${job.id}.${index}`, 'The store takes no result so large.'),
      signal: giveUp,
      renewMs: claimMs / 3,
      onStanding(standing) {
        if (standing === 'cancel') halt('cancelled')
        if (standing === 'lost') {
          halt('lost')
          reporter.close()
        }
      },
      onAway: (error) => log('job_store_away', { id: claimed.id, model, ...faultOf(error) }),
      onChange: bell.ring,
      ...backoff,
    })

    function start({ index, attempt }: { index: number; attempt: number }): void {
      const input = startInput(job, index, attempt)
      running.set(index, input)
      input.outcome
        .then(finish, (error: unknown) => {
          broken = { error }
        })
        .finally(() => {
          running.delete(index)
          bell.ring()
        })
    }

    function finish({ retryMs, ...finished }: Outcome): void {
      const { index, use, result } = finished
      if (result !== undefined || isSomething(use)) reporter.add(finished)
      sum.prompt_tokens += use.promptTokens
      sum.output_tokens += use.outputTokens
      sum.compute_ms += use.computeMs
      if (result === undefined) {
        todo.putBack(index, retryMs ?? 0)
        return
      }
      sum.done++
      if (result.failed) sum.failed++
      observe(model, { type: 'input', failed: result.failed })
    }

    const mayStart = () =>
      halted === undefined &&
      broken === undefined &&
      !draining.aborted &&
      reporter.open &&
      now() >= todo.notBefore &&
      running.size < slots(model)

    /** Milliseconds until something is to be done without a ring. */
    function untilNext(): number {
      const at = todo.notBefore > now() ? Math.min(todo.notBefore, job.deadline) : job.deadline
      return Math.min(at - now(), LONGEST_TIMER)
    }

    draining.addEventListener('abort', bell.ring, { once: true })
    try {
      for (;;) {
        if (now() >= job.deadline) halt('expired')
        while (mayStart()) {
          const next = todo.take()
          if (next === undefined) break
          start(next)
        }
        const over = todo.left === 0 || halted !== undefined || draining.aborted || broken !== undefined
        if (over && running.size === 0) break
        await bell.rung(halted === undefined ? untilNext() : undefined)
      }
      if (broken !== undefined) throw broken.error
      await reporter.flush()
    } finally {
      draining.removeEventListener('abort', bell.ring)
      reporter.close()
    }
    return { halted, left: todo.left, sum }
  }
}

const isSomething = ({ promptTokens, outputTokens, computeMs }: Use) =>
  promptTokens + outputTokens + computeMs > 0
