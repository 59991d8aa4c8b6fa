import type { Gate } from '../scheduler/gate.ts'
import { type Residence, type Surroundings, unavailable, type Why } from './residence.ts'
import type { Guest } from './room.ts'

/** The gate between a model's queue and the model, which is not always in memory. */
export function createGate(
  state: Residence,
  { room, turnover, now }: Pick<Surroundings, 'room' | 'turnover' | 'now'>,
  guest: Guest,
  bring: (why: Why) => void,
): Gate {
  return {
    open: () => state.phase.is === 'resident',
    refusal() {
      if (state.phase.is !== 'broken' || state.phase.until <= now()) return undefined
      return unavailable(state.id, state.phase.until - now())
    },
    yields: () => state.phase.is === 'resident' && turnover.restMs() === 0 && room.wanted(guest),
    knock() {
      const { phase } = state
      if (phase.is === 'resident') room.review()
      else if (phase.is === 'absent' || (phase.is === 'broken' && phase.until <= now())) bring('demand')
    },
    rest() {
      state.lastUsed = now()
      const { phase } = state
      // No request waits for it any more, so no guest has to make room for it.
      if (phase.is === 'coming' && phase.why === 'demand' && !phase.placed)
        phase.stop.abort(new Error('nobody waits for it any more'))
      room.review()
    },
  }
}
