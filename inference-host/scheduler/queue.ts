import { TwohopError } from '../../shared/errors.ts'
import type { Engine, Job, ModelInfo } from '../engine/port.ts'
import { createEntry, type Entry, type Run } from './run.ts'

/** The requests of one model: first come, first served, up to the engine's slots at once. */
export type Queue = {
  readonly info: ModelInfo
  /** True when a request would be refused now. */
  full(): boolean
  /**
   * Takes a job in. It is dropped or stopped with `host_timeout` once `deadline` (milliseconds since the epoch)
   * has passed.
   * @throws TwohopError `host_busy` where the queue is full.
   */
  submit(job: Job, deadline: number): Run
  /** Ends every request, waiting or running, with `error`. */
  interruptAll(error: TwohopError): void
  /** Resolves when nothing waits or runs. */
  idle(): Promise<void>
}

type Options = {
  engine: Engine
  /** The most requests that wait. */
  limit: number
  /** Milliseconds since the epoch. */
  clock?: () => number
  /** Milliseconds on a steady clock. */
  now?: () => number
}

/** The longest that a timer of Node can wait, in milliseconds. */
const LONGEST_TIMER = 2 ** 31 - 1

/** A queue in front of `engine`. */
export function createQueue({
  engine,
  limit,
  clock = Date.now,
  now = () => performance.now(),
}: Options): Queue {
  const waiting: Entry[] = []
  const running = new Set<Entry>()
  const idlers: (() => void)[] = []

  function dispatch(): void {
    while (running.size < engine.slots) {
      const entry = waiting.shift()
      if (entry === undefined) break
      running.add(entry)
      const { stop } = engine.run(entry.job, (event) => entry.take(event))
      entry.begin(stop)
    }
    if (running.size === 0) for (const wake of idlers.splice(0)) wake()
  }

  function leave(entry: Entry): void {
    if (!running.delete(entry)) waiting.splice(waiting.indexOf(entry), 1)
    dispatch()
  }

  const full = () => running.size >= engine.slots && waiting.length >= limit

  return {
    info: engine.info,
    full,
    submit(job, deadline) {
      if (full()) throw new TwohopError('host_busy', `${limit} requests already wait for ${engine.info.id}.`)
      const left = deadline - clock()
      const expire = () => entry.interrupt(new TwohopError('host_timeout', 'The deadline has passed.'))
      const timer = setTimeout(expire, Math.min(Math.max(0, left), LONGEST_TIMER))
      const entry = createEntry({
        job,
        now,
        onEnd(ended) {
          clearTimeout(timer)
          leave(ended)
        },
      })
      waiting.push(entry)
      dispatch()
      return entry.run
    },
    interruptAll(error) {
      for (const entry of [...waiting, ...running]) entry.interrupt(error)
    },
    idle() {
      if (running.size + waiting.length === 0) return Promise.resolve()
      return new Promise((resolve) => idlers.push(resolve))
    },
  }
}
