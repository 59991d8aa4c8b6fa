import { mebibytes } from './bytes.ts'
import { type Residence, requestsOf, type Surroundings, type Why } from './residence.ts'
import type { Guest } from './room.ts'

/** A model as the room sees it: what takes memory, and can be made to give it back. */
export function createGuest(
  state: Residence,
  { turnover, observe, log }: Pick<Surroundings, 'turnover' | 'observe' | 'log'>,
  bring: (why: Why) => void,
): Guest {
  return {
    bytes() {
      const { phase, form, measured } = state
      return 'loaded' in phase ? phase.loaded.bytes() : (measured.get(form) ?? form.need)
    },
    idleSince() {
      const { phase, queue, lastUsed } = state
      return phase.is === 'resident' && !queue?.busy() && turnover.restMs() === 0 ? lastUsed : undefined
    },
    onlyJobs: () => state.queue?.onlyJobs() ?? false,
    spared() {
      if (state.phase.is === 'resident' && requestsOf(state) > 0) state.queue?.wake()
    },
    async evict() {
      if (state.phase.is !== 'resident') return
      const { loaded } = state.phase
      log('evicted', { model: state.id, freed_mb: mebibytes(loaded.bytes().host) })
      state.measured.set(state.form, loaded.bytes())
      state.phase = { is: 'leaving', loaded }
      observe({ type: 'evicted' })
      await loaded.engine.close()
    },
    gone() {
      if (state.phase.is !== 'leaving') return
      state.phase = { is: 'absent' }
      if (requestsOf(state) > 0) bring('demand')
    },
  }
}
