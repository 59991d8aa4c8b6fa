import { loadModel, tryRun } from './load.ts'
import type { LoadRequest } from './port.ts'

/** What a probe process answers: how long the model took to run, in milliseconds, or why it did not. */
export type ProbeAnswer = { runs: true; ms: number } | { runs: false; reason: string }

const MOST_REASON = 200

/** The body of the child process: loads and runs one model on one device, answers over IPC, and ends. */
async function probe(request: LoadRequest): Promise<ProbeAnswer> {
  try {
    return { runs: true, ms: await tryRun(await loadModel(request)) }
  } catch (error) {
    return { runs: false, reason: reasonOf(error instanceof Error ? error.message : String(error)) }
  }
}

/** The end of onnxruntime's message, which says why; what stands before is where in its source. */
function reasonOf(message: string): string {
  const why = message.split(' was false. ').at(-1) ?? message
  return why.replaceAll(/\s+/g, ' ').trim().slice(0, MOST_REASON)
}

process.once('message', async (request: LoadRequest) => {
  const answer = await probe(request)
  // A GPU runtime may hang or crash in its own clean-up, so the process leaves as soon as the answer is out.
  process.send?.(answer, () => process.exit(0))
})
process.once('disconnect', () => process.exit(1))
