import { type Prepared, type PrepareRequest, prepareServingForm } from './prepare.ts'

/** What a preparing process answers over IPC. */
export type PrepareAnswer = Prepared | { unsupported: string }

/**
 * The body of a child process: prepares one serving form, answers, and ends. A process of its own, because it computes
 * for seconds, and because a session whose creation failed can spoil later ones (transformers.js issue 1767).
 */
process.once('message', async (request: PrepareRequest) => {
  const answer: PrepareAnswer = await prepareServingForm(request).catch((error: unknown) => ({
    unsupported: error instanceof Error ? error.message : String(error),
  }))
  process.send?.(answer, () => process.exit(0))
})
process.once('disconnect', () => process.exit(1))
