import { RequestError } from '@hono/node-server'
import { errorResponse, TwohopError } from './errors.ts'

/** Writes to the log what was thrown where an answer was to be made, with the id that the answer has. Must not throw. */
export type TellFailed = (error: unknown, requestId: string) => void

/**
 * Builds what Node's server answers where no app did: the request's line or its Host header cannot be read, or answering
 * threw. By itself it would answer with a bare status.
 * @param failed told of each answer that is our own fault
 */
export function answerUnread(failed: TellFailed): (error: unknown) => Response {
  return function answer(error) {
    const told =
      error instanceof RequestError
        ? new TwohopError('invalid_request', "The request's URL or its Host header cannot be read.", {
            cause: error,
          })
        : error
    const requestId = crypto.randomUUID()
    const answered = errorResponse(told, requestId)
    if (answered.status >= 500) failed(error, requestId)
    return answered
  }
}
