import type { ResidencyEvent } from '../metrics/residency-events.ts'
import type { Log } from '../platform/log.ts'
import type { ModelInfo } from '../work/engine.ts'
import { createArrival } from './arrival.ts'
import { createGate } from './gate.ts'
import { createGuest } from './guest.ts'
import { createLoss } from './loss.ts'
import type { Servable } from './port.ts'
import { createResidence, type Forms, type Surroundings, type Why } from './residence.ts'
import { createResidentEngine } from './resident-engine.ts'
import type { Room } from './room.ts'
import { type After, createTimers } from './timers.ts'
import type { Turnover } from './turnover.ts'

type Options = {
  id: string
  /** What clients may know of it, where that is asked for before it is loaded. */
  info?: ModelInfo
  /** The ways to load it, in the order in which they are tried. */
  forms: Forms
  room: Room
  turnover: Turnover
  observe?: (event: ResidencyEvent) => void
  log: Log
  /** Milliseconds on a steady clock. */
  now?: () => number
  after?: After
}

/** A model that is not in memory yet. Its way in and out again: see `Phase`. */
export function createServable(options: Options): Servable {
  const { id, info, forms, room, turnover, observe = () => {}, log, after } = options
  const { now = () => performance.now() } = options
  const timers = createTimers(after)
  const state = createResidence(id, forms, info, now())
  const around: Surroundings = { room, turnover, timers, observe, log, now }
  const bring = (why: Why) => void arrival.bring(why)
  const guest = createGuest(state, around, bring)
  const arrival = createArrival(state, around, guest, (loaded, reason) => void loss.recover(loaded, reason))
  const loss = createLoss(state, around, guest, arrival)

  async function close(): Promise<void> {
    const before = state.phase
    state.phase = { is: 'closed' }
    timers.clear()
    if (before.is === 'coming') before.stop.abort(new Error('the host stops'))
    if (before.is === 'resident') await before.loaded.engine.close()
  }

  return {
    engine: createResidentEngine(state, loss, close),
    gate: createGate(state, around, guest, bring),
    attach(to) {
      state.queue = to
    },
    async start() {
      const failure = await arrival.bring('start')
      if (failure !== undefined) throw failure
    },
    trouble: () => state.trouble,
    resident: () => state.phase.is === 'resident',
    rss: () => ('loaded' in state.phase ? state.phase.loaded.rss() : 0),
    close,
  }
}
