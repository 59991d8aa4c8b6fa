import { TwohopError } from '../../shared/errors.ts'
import type { ResidencyEvent } from '../metrics/residency-events.ts'
import type { Log } from '../platform/log.ts'
import type { ModelInfo } from '../work/engine.ts'
import type { Bytes } from './bytes.ts'
import type { Form, Front, Loaded } from './port.ts'
import type { Room } from './room.ts'
import { createSetbacks, type Setbacks } from './setbacks.ts'
import type { Timers } from './timers.ts'
import type { Turnover } from './turnover.ts'

/** Why a model is loaded: the host starts, somebody asks for it, or it was lost. */
export type Why = 'start' | 'demand' | 'lost'

/**
 * Where a model is on its way in and out of memory:
 *
 *     absent -> coming -> resident -> leaving -> absent     it makes room for another
 *               coming -> broken -> coming                  it cannot be loaded; it is tried again later
 *                         resident -> lost -> coming        its process or device died
 *
 * and from everywhere to closed, where it stays.
 */
export type Phase =
  | { is: 'absent' }
  /** Waits for room, loads, or waits before it tries again. */
  | Coming
  | { is: 'resident'; loaded: Loaded; since: number }
  | { is: 'leaving'; loaded: Loaded }
  /** Its process has gone. The next step is decided in the same turn. */
  | { is: 'lost'; loaded: Loaded }
  | { is: 'broken'; until: number }
  | { is: 'closed' }

/** `placed`: it has its room. */
export type Coming = { is: 'coming'; why: Why; stop: AbortController; placed: boolean }

/** The ways to load a model, in the order in which they are tried: at least one. */
export type Forms = readonly [Form, ...Form[]]

/** One model's way in and out of memory, which the steps of residency share. */
export type Residence = {
  readonly id: string
  readonly forms: Forms
  phase: Phase
  /** The form that is in memory, is tried, or was last. */
  form: Form
  /** The memory that a form took when it was last loaded. From then on that is its need. */
  readonly measured: Map<Form, Bytes>
  readonly setbacks: Setbacks
  /** The queue in front. */
  queue: Front | undefined
  /** When the last request ended, or it was loaded, on the steady clock. */
  lastUsed: number
  /** What clients may know of it. Undefined before its first load, where nothing else said it. */
  info: ModelInfo | undefined
  slots: number
  /** Why it is not served though it was; undefined where nothing is wrong. */
  trouble: string | undefined
}

/** What the models of a host share, and what their steps need beside the state. */
export type Surroundings = {
  room: Room
  turnover: Turnover
  timers: Timers
  observe: (event: ResidencyEvent) => void
  log: Log
  /** Milliseconds on a steady clock. */
  now: () => number
}

/** Of a model that is not in memory yet. */
export function createResidence(
  id: string,
  forms: Forms,
  info: ModelInfo | undefined,
  now: number,
): Residence {
  return {
    id,
    forms,
    phase: { is: 'absent' },
    form: forms[0],
    measured: new Map(),
    setbacks: createSetbacks(),
    queue: undefined,
    lastUsed: now,
    info,
    slots: 1,
    trouble: undefined,
  }
}

/** How many requests wait for a model or run on it. */
export function requestsOf({ queue }: Pick<Residence, 'queue'>): number {
  const { waiting, running } = queue?.load() ?? { waiting: 0, running: 0 }
  return waiting + running
}

/** The phase of a model that comes into memory. */
export function coming(why: Why): Coming {
  return { is: 'coming', why, stop: new AbortController(), placed: false }
}

/** What requests get for a model that does not load. */
export function unavailable(id: string, retryAfterMs: number): TwohopError {
  return new TwohopError('host_not_ready', `${id} could not be loaded.`, { retryAfterMs })
}
