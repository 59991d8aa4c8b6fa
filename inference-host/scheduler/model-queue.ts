import type { TwohopError } from '../../shared/errors.ts'
import type { Observer } from '../metrics/scheduler-events.ts'
import type { Compiled } from '../work/compiled.ts'
import type { Engine, ModelInfo } from '../work/engine.ts'
import type { Preparing } from '../work/preparing.ts'
import type { Work } from '../work/work.ts'
import { createDispatcher } from './dispatch.ts'
import { type Gate, OPEN } from './gate.ts'
import { createPace } from './pace.ts'
import { refusalOf } from './refusal.ts'
import type { Run } from './run.ts'
import { createSlots, type SlotRules } from './slots.ts'
import { type Asker, createTicket, type Ticket } from './ticket.ts'
import { createWaiting } from './waiting.ts'

/** Begins to compute the structure that a request's work needs, in its account's share. */
export type Prepare = (asker: Pick<Ticket, 'account' | 'weight' | 'priority'>) => Preparing<Compiled>

/** The requests of one model, up to the engine's slots at once, shared out fairly among accounts. */
export type ModelQueue = {
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
   * Passes where `submit` would take the work in now. Otherwise throws the same error as `submit`.
   * @throws TwohopError `too_many_concurrent` where the account has its share of the queue waiting already. `host_busy`
   * where the queue is full, or so long that the deadline would pass before the work is done. `host_timeout` where the
   * deadline is too early even with a slot at once.
   */
  check(work: Pick<Work, 'limits'>, deadline: number, asker?: Asker, prepare?: Prepare): void
  /**
   * Takes work in. It is dropped or stopped with `host_timeout` once `deadline` (milliseconds since the epoch)
   * has passed. Where there is something to `prepare` for it, it waits for that first.
   * @throws TwohopError as `check` does.
   */
  submit(work: Work, deadline: number, asker?: Asker, prepare?: Prepare): Run
  /** Ends every request, waiting or running, with `error`. */
  interruptAll(error: TwohopError): void
  /** Ends those that wait. */
  dropWaiting(error: TwohopError): void
  /** Starts waiting requests. The caller has just opened the gate. */
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
  /** The most requests of one account that wait, counted in the same way. Without it, only `limit` holds. */
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

/** The rules of `engine`'s slots, asked anew each time: a model loaded again may have other slots. */
function rulesOf(engine: Engine, spareSlots: number, prefills: number): SlotRules {
  return {
    get slots() {
      return engine.slots
    },
    get spareSlots() {
      return Math.min(spareSlots, engine.slots - 1)
    },
    prefills,
  }
}

/** A queue in front of `engine`. */
export function createModelQueue({
  engine,
  gate = OPEN,
  limit,
  accountLimit = Number.POSITIVE_INFINITY,
  spareSlots = 0,
  prefills = Number.POSITIVE_INFINITY,
  observe = () => {},
  clock = Date.now,
  now = () => performance.now(),
}: Options): ModelQueue {
  const slots = createSlots<Ticket>(rulesOf(engine, spareSlots, prefills))
  const waiting = createWaiting<Ticket>()
  const pace = createPace({
    get slots() {
      return engine.slots
    },
    now,
  })
  const { dispatch, leave, idle } = createDispatcher({ engine, gate, waiting, slots, clock })

  function check(
    work: Pick<Work, 'limits'>,
    deadline: number,
    { account = '', priority = 'interactive' }: Asker = {},
    prepare?: Prepare,
  ): void {
    const arrival = () => ({
      model: engine.info.id,
      atOnce: prepare === undefined && gate.open() && slots.open(priority, account),
      ...waiting.before(priority, account),
      left: deadline - clock(),
      outputTokens: work.limits.outputTokens,
    })
    const error = gate.refusal() ?? refusalOf(arrival(), { limit, accountLimit }, pace)
    if (error === undefined) return
    observe({ type: 'refused', code: error.code })
    throw error
  }

  async function hold(ticket: Ticket, prepare: Prepare): Promise<void> {
    waiting.hold(ticket)
    await ticket.entry.prepare(prepare(ticket))
    if (waiting.release(ticket)) dispatch()
  }

  return {
    get info() {
      return engine.info
    },
    get slots() {
      return engine.slots
    },
    full: () =>
      (!gate.open() || slots.running.size >= engine.slots) && waiting.sizeOf('interactive') >= limit,
    load: () => ({ waiting: waiting.size, running: slots.running.size }),
    busy: () => slots.running.size + waiting.sizeOf('interactive') > 0,
    onlyJobs: () =>
      waiting.sizeOf('interactive') === 0 && [...slots.running].every(({ priority }) => priority === 'job'),
    check,
    submit(work, deadline, asker = {}, prepare = undefined) {
      check(work, deadline, asker, prepare)
      const ticket = createTicket({ work, deadline, asker, observe, pace, clock, now, onEnd: leave })
      if (prepare === undefined) waiting.add(ticket)
      else void hold(ticket, prepare)
      dispatch()
      return ticket.entry.run
    },
    interruptAll(error) {
      for (const { entry } of [...waiting.items(), ...slots.running]) entry.interrupt(error)
    },
    dropWaiting(error) {
      for (const { entry } of waiting.items()) entry.interrupt(error)
    },
    wake: dispatch,
    idle,
  }
}
