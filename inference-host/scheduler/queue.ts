import type { TwohopError } from '../../shared/errors.ts'
import type { Observer } from '../metrics/scheduler-events.ts'
import { LONGEST_TIMER } from '../platform/longest-timer.ts'
import type { Engine, EngineEvent, ModelInfo } from '../work/engine.ts'
import type { Work } from '../work/work.ts'
import { createFairQueue, type FairQueue, type Share } from './fair-queue.ts'
import { type Gate, OPEN } from './gate.ts'
import { createMeasure, type Measure } from './measure.ts'
import { createPace } from './pace.ts'
import { expired, refusalOf } from './refusal.ts'
import { createEntry, type Entry, type Run } from './run.ts'
import { createSlots, type Priority } from './slots.ts'

/** On whose account a request is, and how it ranks. */
export type Asker = {
  /** Who shares the queue fairly with the others; requests that name none share one account. */
  account?: string | undefined
  /** The account's share of the tokens against that of others, above 0; default 1. */
  weight?: number | undefined
  /** Default interactive. A job waits as long as interactive requests take every slot. */
  priority?: Priority | undefined
}

/** The requests of one model, up to the engine's slots at once, shared out fairly among accounts. */
export type Queue = {
  readonly info: ModelInfo
  /** Requests that may run at once. */
  readonly slots: number
  /** True when every interactive request would be refused now. */
  full(): boolean
  /** How many requests wait and run. */
  load(): { waiting: number; running: number }
  /** Whether anything runs, or anything but jobs waits. */
  busy(): boolean
  /** Whether all that waits and runs are jobs. */
  onlyJobs(): boolean
  /**
   * Passes where `submit` would take the job in now, and throws what it would throw.
   * @throws TwohopError `too_many_concurrent` where the account has its share of the queue waiting already,
   * `host_busy` where the queue is full, or so long that the deadline would pass before a slot is free and the job done,
   * `host_timeout` where the deadline is too early even with a slot at once.
   */
  check(work: Work, deadline: number, asker?: Asker): void
  /**
   * Takes a job in. It is dropped or stopped with `host_timeout` once `deadline` (milliseconds since the epoch)
   * has passed.
   * @throws TwohopError as `check` does.
   */
  submit(work: Work, deadline: number, asker?: Asker): Run
  /** Ends every request, waiting or running, with `error`. */
  interruptAll(error: TwohopError): void
  /** Ends those that wait. */
  dropWaiting(error: TwohopError): void
  /** Starts what waits: for whoever has opened the gate. */
  wake(): void
  /** Resolves when nothing waits or runs. */
  idle(): Promise<void>
}

type Options = {
  engine: Engine
  /** Where the engine is not always there. */
  gate?: Gate
  /** The most requests that wait, and beside them the most of jobs. */
  limit: number
  /** The most requests of one account that wait, likewise; without it, `limit` alone holds. */
  accountLimit?: number
  /** See SlotRules; none by default, and at most all of the engine's slots but one. */
  spareSlots?: number
  /** See SlotRules; no bound by default. */
  prefills?: number
  observe?: Observer
  /** Milliseconds since the epoch. */
  clock?: () => number
  /** Milliseconds on a steady clock. */
  now?: () => number
}

/** A request in the scheduler. Its cost is what it may use at most, in tokens: nothing else is known beforehand. */
type Ticket = Share & { priority: Priority; deadline: number; entry: Entry; measure: Measure }

/** What a job reports that the engine could not even take. */
const FAILED: EngineEvent = {
  type: 'ended',
  promptTokens: 0,
  outputTokens: 0,
  computeMs: 0,
  end: { how: 'failed' },
}

const PRIORITIES: readonly Priority[] = ['interactive', 'job']

/** A queue in front of `engine`. */
export function createQueue({
  engine,
  gate = OPEN,
  limit,
  accountLimit = Number.POSITIVE_INFINITY,
  spareSlots = 0,
  prefills = Number.POSITIVE_INFINITY,
  observe = () => {},
  clock = Date.now,
  now = () => performance.now(),
}: Options): Queue {
  // Asked anew each time: a model that is loaded again may come back on another device, with other slots.
  const rules = {
    get slots() {
      return engine.slots
    },
    get spareSlots() {
      return Math.min(spareSlots, engine.slots - 1)
    },
    prefills,
  }
  const slots = createSlots<Ticket>(rules)
  const waiting = { interactive: createFairQueue<Ticket>(), job: createFairQueue<Ticket>() }
  const pace = createPace({
    get slots() {
      return engine.slots
    },
    now,
  })
  const idlers: (() => void)[] = []
  let dispatching = false

  const waitingTickets = () => PRIORITIES.flatMap((priority) => [...waiting[priority].items()])
  const size = () => waiting.interactive.size + waiting.job.size
  /** Counts what fills the queue for a request of this rank: what waits of jobs takes no place but theirs. */
  const before = (priority: Priority, count: (queue: FairQueue<Ticket>) => number) =>
    count(waiting.interactive) + (priority === 'job' ? count(waiting.job) : 0)

  function choose(): Ticket | undefined {
    for (const priority of PRIORITIES) {
      if (!slots.openToSome(priority)) continue
      if (priority === 'job' && waiting.job.size > 0 && gate.yields()) continue
      const ticket = waiting[priority].next((account) => slots.open(priority, account))
      if (ticket !== undefined) return ticket
    }
    return undefined
  }

  function start(ticket: Ticket): void {
    const { entry, measure, priority } = ticket
    waiting[priority].serve(ticket)
    slots.give(ticket)
    measure.begin()
    try {
      const { stop } = engine.run(entry.work, (event) => {
        if (event.type === 'ended' && event.end.how === 'lost' && entry.putBack()) return again(ticket)
        measure.take(event)
        entry.take(event)
        if (event.type === 'token' && slots.answered(ticket)) dispatch()
      })
      entry.begin(stop)
    } catch {
      entry.take(FAILED)
    }
  }

  function again(ticket: Ticket): void {
    slots.takeBack(ticket)
    waiting[ticket.priority].add(ticket)
    dispatch()
  }

  function dispatch(): void {
    // Called again from within, by a request that ends as it starts or is dropped: the loop below goes on anyway.
    if (dispatching) return
    dispatching = true
    for (let ticket = choose(); ticket !== undefined && gate.open(); ticket = choose()) {
      if (ticket.deadline <= clock()) ticket.entry.interrupt(expired())
      else start(ticket)
    }
    dispatching = false
    if (slots.running.size > 0) return
    if (size() > 0) {
      gate.knock()
      return
    }
    for (const priority of PRIORITIES) waiting[priority].forget()
    for (const wake of idlers.splice(0)) wake()
    gate.rest()
  }

  function leave(ticket: Ticket): void {
    if (!slots.takeBack(ticket)) waiting[ticket.priority].drop(ticket)
    dispatch()
  }

  function check(work: Work, deadline: number, { account = '', priority = 'interactive' }: Asker = {}): void {
    const shut = gate.refusal()
    if (shut !== undefined) refuse(shut)
    const arrival = {
      model: engine.info.id,
      atOnce: gate.open() && slots.open(priority, account),
      waiting: before(priority, (queue) => queue.size),
      mine: before(priority, (queue) => queue.sizeOf(account)),
      ahead: waiting[priority].sizeOf(account),
      left: deadline - clock(),
      outputTokens: work.limits.outputTokens,
    }
    const error = refusalOf(arrival, { limit, accountLimit }, pace)
    if (error !== undefined) refuse(error)
  }

  function refuse(error: TwohopError): never {
    observe({ type: 'refused', code: error.code })
    throw error
  }

  return {
    get info() {
      return engine.info
    },
    get slots() {
      return engine.slots
    },
    full: () => (!gate.open() || slots.running.size >= engine.slots) && waiting.interactive.size >= limit,
    load: () => ({ waiting: size(), running: slots.running.size }),
    busy: () => slots.running.size + waiting.interactive.size > 0,
    onlyJobs: () =>
      waiting.interactive.size === 0 && [...slots.running].every(({ priority }) => priority === 'job'),
    check,
    submit(work, deadline, asker = {}) {
      check(work, deadline, asker)
      const { account = '', weight = 1, priority = 'interactive' } = asker
      const { promptTokens, outputTokens } = work.limits
      const timer = setTimeout(
        () => ticket.entry.interrupt(expired()),
        Math.min(deadline - clock(), LONGEST_TIMER),
      )
      const ticket: Ticket = {
        account,
        weight,
        cost: Math.max(1, promptTokens + outputTokens),
        priority,
        deadline,
        measure: createMeasure({ outputLimit: outputTokens, now, observe, pace }),
        entry: createEntry({
          work,
          now,
          onEnd(how) {
            clearTimeout(timer)
            ticket.measure.end(how, ticket.entry.run.report())
            leave(ticket)
          },
        }),
      }
      waiting[priority].add(ticket)
      dispatch()
      return ticket.entry.run
    },
    interruptAll(error) {
      for (const { entry } of [...waitingTickets(), ...slots.running]) entry.interrupt(error)
    },
    dropWaiting(error) {
      for (const { entry } of waitingTickets()) entry.interrupt(error)
    },
    wake: dispatch,
    idle() {
      if (slots.running.size + size() === 0) return Promise.resolve()
      return new Promise((resolve) => idlers.push(resolve))
    },
  }
}
