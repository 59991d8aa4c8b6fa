import { reasonOf } from '../device/reason.ts'
import type { Arrival } from './arrival.ts'
import type { Loaded } from './port.ts'
import { coming, type Residence, type Surroundings } from './residence.ts'
import type { Guest } from './room.ts'

/** What happens when a model in memory is lost. */
export type Loss = {
  /** Work was lost on it. Shuts the gate at once, so that no other work is sent after it. */
  shut(loaded: Loaded): void
  /** Work failed on it. A device can be lost while its process lives on, and then all later work fails. */
  examine(loaded: Loaded): Promise<void>
  /** Its process has gone: loads it again. */
  recover(loaded: Loaded, reason: string): Promise<void>
}

export function createLoss(
  state: Residence,
  { room, timers, observe, log, now }: Pick<Surroundings, 'room' | 'timers' | 'observe' | 'log' | 'now'>,
  guest: Guest,
  { bring, fail }: Arrival,
): Loss {
  const { id, setbacks } = state
  let examined: Loaded | undefined

  function shut(loaded: Loaded): void {
    const { phase } = state
    if (phase.is !== 'resident' || phase.loaded !== loaded) return
    setbacks.lost(now() - phase.since)
    state.measured.set(state.form, loaded.bytes())
    state.phase = { is: 'lost', loaded }
  }

  async function examine(loaded: Loaded): Promise<void> {
    if (examined === loaded) return
    examined = loaded
    const broken = await loaded.check().then(() => undefined, reasonOf)
    examined = undefined
    if (broken === undefined || state.phase.is !== 'resident' || state.phase.loaded !== loaded) return
    shut(loaded)
    await loaded.engine.close()
    await recover(loaded, broken)
  }

  async function recover(loaded: Loaded, reason: string): Promise<void> {
    shut(loaded)
    if (state.phase.is !== 'lost' || state.phase.loaded !== loaded) return
    const { device } = state.form
    const trouble = `${device} was lost: ${reason}`
    state.trouble = trouble
    observe({ type: 'lost' })
    log('device_lost', { model: id, device, why: reason })
    const waiting = coming('lost')
    state.phase = waiting
    room.leave(guest)
    if (setbacks.tooOften() && state.forms.length === 1) return fail('lost', trouble)
    const ms = setbacks.waitMs()
    if (ms > 0) await timers.pause(ms, waiting.stop.signal).catch(() => {})
    if (state.phase === waiting) await bring('lost')
  }

  return { shut, examine, recover }
}
