import { answerParent } from '../platform/child-process.ts'
import { loadModel, tryRun } from './load.ts'
import type { LoadRequest } from './port.ts'
import { reasonOf } from './reason.ts'

/** What a probe process answers: how long the model took to run, in milliseconds, or why it did not. */
export type ProbeAnswer = { runs: true; ms: number } | { runs: false; reason: string }

/** The body of the child process: loads and runs one model on one device, answers over IPC, and ends. */
async function probe(request: LoadRequest): Promise<ProbeAnswer> {
  try {
    return { runs: true, ms: await tryRun(await loadModel(request)) }
  } catch (error) {
    return { runs: false, reason: reasonOf(error) }
  }
}

answerParent(probe)
