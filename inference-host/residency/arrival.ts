import { reasonOf } from '../device/reason.ts'
import { ATTEMPTS, retryMs } from './backoff.ts'
import type { Form, Loaded } from './port.ts'
import {
  type Coming,
  coming,
  type Residence,
  requestsOf,
  type Surroundings,
  unavailable,
  type Why,
} from './residence.ts'
import type { Guest } from './room.ts'

/** How a model comes into memory. */
export type Arrival = {
  /**
   * Loads the model by the first form that works. Resolves in any case: with the reason if it is not loaded, else with
   * nothing. The state's phase says how it went.
   */
  bring(why: Why): Promise<unknown>
  /** No request waits for a model that does not come. Those in the queue are refused now, and later ones at once. */
  fail(why: Why, reason: string): void
}

/** @param died called once for a model that was loaded, when its process has gone */
export function createArrival(
  state: Residence,
  { room, turnover, timers, observe, log, now }: Surroundings,
  guest: Guest,
  died: (loaded: Loaded, reason: string) => void,
): Arrival {
  const { id, setbacks } = state

  async function bring(why: Why): Promise<unknown> {
    const phase = coming(why)
    state.phase = phase
    try {
      const failure = await tryForms(phase)
      if (failure === undefined) return undefined
      fail(why, reasonOf(failure.cause))
      return failure.cause
    } catch (cause) {
      room.leave(guest)
      if (state.phase !== phase) return cause
      state.phase = { is: 'absent' }
      // A request may have come just after the last waiting one had gone.
      if (requestsOf(state) > 0) void bring('demand')
      return cause
    }
  }

  /** @returns why the last form does not load; nothing where one did. @throws the reason why it was called off. */
  async function tryForms(phase: Coming): Promise<{ cause: unknown } | undefined> {
    let failure: { cause: unknown } | undefined
    for (state.form of formsFor(phase.why)) {
      await room.enter(guest, phase.stop.signal)
      phase.placed = true
      log('loading', { model: id, why: phase.why, device: state.form.device })
      failure = await tryForm(state.form, phase)
      if (failure === undefined) return undefined
      room.leave(guest)
    }
    return failure
  }

  /** A model that is lost again and again is no longer tried on its own device, where it has another. */
  function formsFor(why: Why): readonly Form[] {
    const [, ...others] = state.forms
    return why === 'lost' && setbacks.tooOften() && others.length > 0 ? others : state.forms
  }

  /** @returns why the last of its tries failed; nothing where one did not. @throws the reason why it was called off. */
  async function tryForm(form: Form, { why, stop }: Coming): Promise<{ cause: unknown } | undefined> {
    const tries = why === 'start' ? 1 : ATTEMPTS
    for (let attempt = 1; ; attempt++) {
      const began = now()
      try {
        settle(await form.load(), now() - began, why)
        return undefined
      } catch (cause) {
        if (stop.signal.aborted) throw cause
        observe({ type: 'load_failed' })
        log('load_failed', { model: id, device: form.device, attempt, why: reasonOf(cause) })
        if (attempt === tries) return { cause }
      }
      await timers.pause(retryMs(attempt), stop.signal)
    }
  }

  function settle(loaded: Loaded, tookMs: number, why: Why): void {
    if (state.phase.is === 'closed') return void loaded.engine.close()
    const { engine } = loaded
    state.phase = { is: 'resident', loaded, since: now() }
    state.trouble = undefined
    state.slots = engine.slots
    state.info = engine.info
    setbacks.loaded()
    state.lastUsed = now()
    observe({ type: 'loaded', tookMs })
    void engine.died.then((reason) => died(loaded, reason))
    if (why === 'demand') turnover.loaded(tookMs)
    timers.later(turnover.restMs(), room.review)
    state.queue?.wake()
  }

  function fail(why: Why, reason: string): void {
    const ms = setbacks.broke()
    state.phase = { is: 'broken', until: now() + ms }
    log('unavailable', { model: id, retry_ms: ms, why: reason })
    if (why === 'lost') {
      state.trouble = reason
      timers.later(ms, () => state.phase.is === 'broken' && void bring('lost'))
    }
    state.queue?.dropWaiting(unavailable(id, ms))
  }

  return { bring, fail }
}
