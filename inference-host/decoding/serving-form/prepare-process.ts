import { answerParent } from '../../platform/child-process.ts'
import { type Prepared, type PrepareRequest, prepareServingForm } from './prepare.ts'

/** What a preparing process answers over IPC. */
export type PrepareAnswer = Prepared | { unsupported: string }

/**
 * The body of a child process: prepares one serving form, answers, and ends. It is a process of its own because it
 * computes for seconds. Also, a session that could not be created can spoil later ones (transformers.js issue 1767).
 */
answerParent(
  (request: PrepareRequest): Promise<PrepareAnswer> =>
    prepareServingForm(request).catch((error: unknown) => ({
      unsupported: error instanceof Error ? error.message : String(error),
    })),
)
