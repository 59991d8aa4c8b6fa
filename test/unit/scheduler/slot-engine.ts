import type { Engine, EngineEvent } from '../../../inference-host/work/engine.ts'
import type { Work } from '../../../inference-host/work/work.ts'

/** A job in a slot: tokens of its prompt still to be read, and tokens written. */
type Slot = {
  job: Work
  left: number
  written: number
  stopped: boolean
  report: (event: EngineEvent) => void
}

/**
 * An engine with slots on a set clock, which computes nothing but takes the time of one that does: it reads one prompt
 * at a time, first come first served, and then moves every slot whose prompt is read on by a token. A prompt takes
 * `promptTokenMs` a token; a step 5 ms and 2 ms a slot, which is what SmolLM2-135M's shape took on two cores.
 */
export type SlotEngine = Engine & {
  /** Reads one prompt, or writes one token in every slot. False where nothing is in a slot. */
  step(): boolean
  /** Called when a job has its first token, and when it has ended. */
  onFirstToken: (job: Work) => void
  onEnd: (job: Work) => void
}

/** @param pass lets so many milliseconds pass; what comes meanwhile is with the engine before it reports its step. */
export function createSlotEngine(slots: number, pass: (ms: number) => void, promptTokenMs = 0.8): SlotEngine {
  let active: Slot[] = []

  function write(slot: Slot): void {
    slot.written++
    if (slot.written === 1) engine.onFirstToken(slot.job)
    slot.report({ type: 'token', text: 'x', outputTokens: slot.written })
    if (slot.written < slot.job.limits.outputTokens && !slot.stopped) return
    active = active.filter((other) => other !== slot)
    slot.report({
      type: 'ended',
      promptTokens: slot.job.limits.promptTokens,
      outputTokens: slot.written,
      computeMs: 0,
      end: slot.stopped
        ? { how: 'stopped' }
        : { how: 'finished', output: { kind: 'text', finishReasons: ['length'] } },
    })
    engine.onEnd(slot.job)
  }

  const engine: SlotEngine = {
    info: {
      id: 'model-1',
      task: 'text-generation',
      device: 'cpu',
      dtype: 'q4',
      context: 2048,
      overhead: { request: 0, item: 0 },
    },
    slots,
    onFirstToken: () => {},
    onEnd: () => {},
    run(job, report) {
      if (active.length >= slots) throw new Error('more jobs than slots')
      const slot: Slot = { job, left: job.limits.promptTokens, written: 0, stopped: false, report }
      active = [...active, slot]
      return {
        stop() {
          slot.stopped = true
        },
      }
    },
    step() {
      const unread = active.find(({ left }) => left > 0)
      if (unread !== undefined) {
        pass(unread.left * promptTokenMs)
        unread.left = 0
        write(unread)
        return true
      }
      if (active.length === 0) return false
      const writing = active
      pass(5 + 2 * writing.length)
      for (const slot of writing) write(slot)
      return true
    },
    died: new Promise(() => {}),
    close: async () => {},
  }
  return engine
}

export function textJob(promptTokens = 64, outputTokens = 64): Work {
  return {
    kind: 'complete',
    prompt: '',
    sampling: { temperature: 0, topP: undefined, seed: undefined, stop: [] },
    limits: { promptTokens, outputTokens },
  }
}
