import { RequestError } from '@hono/node-server'
import { errorResponse, TwohopError } from './errors.ts'

/**
 * What Node's server answers where no app did: the request's line or its Host header cannot be read, or answering threw.
 * By itself it would answer with a bare status.
 */
export function answerUnread(error: unknown): Response {
  const told =
    error instanceof RequestError
      ? new TwohopError('invalid_request', "The request's URL or its Host header cannot be read.", {
          cause: error,
        })
      : error
  return errorResponse(told, crypto.randomUUID())
}
