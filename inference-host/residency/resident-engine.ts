import { LOST } from '../model-process/reports.ts'
import type { Engine } from '../work/engine.ts'
import type { Loss } from './loss.ts'
import type { Residence } from './residence.ts'

/** The engine of the form that is loaded at the moment. Where none is, work is lost at once. */
export function createResidentEngine(
  state: Residence,
  { shut, examine }: Pick<Loss, 'shut' | 'examine'>,
  close: () => Promise<void>,
): Engine {
  return {
    get info() {
      if (state.info === undefined) throw new Error(`nothing is known of ${state.id} before it is loaded`)
      return state.info
    },
    get slots() {
      return state.slots
    },
    run(work, report) {
      if (state.phase.is !== 'resident') {
        queueMicrotask(() => report(LOST))
        return { stop: () => {} }
      }
      const { loaded } = state.phase
      return loaded.engine.run(work, (event) => {
        const how = event.type === 'ended' ? event.end.how : undefined
        if (how === 'lost') shut(loaded)
        if (how === 'failed') void examine(loaded)
        report(event)
      })
    },
    load: () => (state.phase.is === 'resident' ? state.phase.loaded.engine.load?.() : undefined),
    died: new Promise(() => {}),
    close,
  }
}
