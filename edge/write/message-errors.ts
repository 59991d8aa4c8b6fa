import {
  ERRORS,
  type ErrorCode,
  type ErrorEnvelope,
  errorEnvelope,
  errorResponse,
  TwohopError,
} from '../../shared/errors.ts'

/** Whether a path is one of Anthropic's API, whose clients read its errors. */
export function isMessagesPath(path: string): boolean {
  return /^\/v1\/messages(\/|$)/.test(path)
}

/** What Anthropic's API answers where it has no room for more. */
const OVERLOADED = 529

/** The types of Anthropic's API reference (Errors), by status. */
const TYPES: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  504: 'timeout_error',
  [OVERLOADED]: 'overloaded_error',
}

/** The status of an error there. */
export function messageStatus(code: ErrorCode): number {
  return code === 'host_busy' ? OVERLOADED : ERRORS[code].status
}

function typeOf(status: number): string {
  return TYPES[status] ?? (status >= 500 ? 'api_error' : 'invalid_request_error')
}

/**
 * The stable code where Anthropic's package looks for it. Its tool runner first asks for a conversation that the server holds
 * (`thread`); this code of theirs makes it go on with the whole conversation in each request.
 */
function detailsOf({ code, param }: ErrorEnvelope['error']) {
  const thread = code === 'invalid_request' && param === 'thread'
  return { error_code: thread ? 'thread_unsupported_request' : code }
}

/**
 * An error in Anthropic's envelope. Our own envelope's fields are in it too.
 */
export function messageError({ error }: ErrorEnvelope) {
  const code = Object.keys(ERRORS).find((known): known is ErrorCode => known === error.code) ?? 'internal'
  return {
    type: 'error',
    error: { ...error, type: typeOf(messageStatus(code)), details: detailsOf(error) },
    request_id: error.request_id,
  }
}

/** An error as the clients read it that ask at this path. */
export function errorResponseAt(path: string, thrown: unknown, requestId: string): Response {
  return isMessagesPath(path) ? messageErrorResponse(thrown, requestId) : errorResponse(thrown, requestId)
}

/** errorResponse in Anthropic's form, whose header for the request's id is `request-id`. */
export function messageErrorResponse(thrown: unknown, requestId: string): Response {
  const { status, headers } = errorResponse(thrown, requestId)
  headers.set('request-id', requestId)
  return new Response(JSON.stringify(messageError(errorEnvelope(thrown, requestId))), {
    status: thrown instanceof TwohopError ? messageStatus(thrown.code) : status,
    headers,
  })
}
