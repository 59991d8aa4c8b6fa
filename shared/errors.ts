import { secondsOfWait } from './seconds.ts'

/**
 * Every refusal and failure that Twohop answers with, on both hops. docs/errors.md explains each code to authors of
 * clients; a test compares the two lists.
 */
type ErrorType =
  | 'invalid_request_error'
  | 'authentication_error'
  | 'permission_error'
  | 'not_found_error'
  | 'rate_limit_error'
  | 'server_error'

/**
 * How a code is answered. `retry` is what `x-should-retry` says to the clients that read it (those of OpenAI and Anthropic):
 * whether to send the same request again. Where it is undefined they decide by the status: they send again what got 408,
 * 409, 429 or 500 and above.
 */
type Answered = { status: number; type: ErrorType; retry?: boolean }

const invalid = (status: number) => ({ status, type: 'invalid_request_error', retry: false }) as const
const unauthenticated = { status: 401, type: 'authentication_error', retry: false } as const
const forbidden = { status: 403, type: 'permission_error', retry: false } as const
const missing = { status: 404, type: 'not_found_error', retry: false } as const
const limited = { status: 429, type: 'rate_limit_error' } as const
const failed = (status: number) => ({ status, type: 'server_error' }) as const
/** What another try by itself may mend. */
const passing = (status: number) => ({ status, type: 'invalid_request_error' }) as const

/** Code -> HTTP status, OpenAI error type and whether to try again: the one place that maps a domain error to HTTP. */
export const ERRORS = {
  invalid_request: invalid(400),
  context_length_exceeded: invalid(400),
  prompt_exceeds_reservation: invalid(400),
  content_blocked: invalid(400),
  unsupported_audio: invalid(400),

  token_missing: unauthenticated,
  token_malformed: unauthenticated,
  token_algorithm_refused: unauthenticated,
  token_issuer_unknown: unauthenticated,
  token_audience_wrong: unauthenticated,
  // A client that asks for its token anew each time comes back with a fresh one.
  token_expired: { ...unauthenticated, retry: true },
  token_not_yet_valid: unauthenticated,
  token_key_unknown: unauthenticated,
  token_signature_invalid: unauthenticated,
  token_claims_invalid: unauthenticated,
  token_revoked: unauthenticated,
  app_check_required: unauthenticated,
  app_check_invalid: unauthenticated,
  key_invalid: unauthenticated,
  key_revoked: unauthenticated,
  key_expired: unauthenticated,

  service_token_missing: unauthenticated,
  service_token_invalid: unauthenticated,
  service_token_expired: unauthenticated,
  service_token_replayed: unauthenticated,
  service_token_body_mismatch: unauthenticated,

  anonymous_not_allowed: forbidden,
  email_unverified: forbidden,
  account_suspended: forbidden,
  challenge_required: forbidden,
  plan_unknown: forbidden,
  origin_not_allowed: forbidden,
  scope_missing: forbidden,
  account_not_administered: forbidden,
  too_many_keys: forbidden,
  model_not_allowed: forbidden,
  model_disabled: forbidden,
  budget_exhausted: forbidden,

  idempotency_in_progress: passing(409),
  idempotency_key_reused: invalid(409),
  idempotency_answer_gone: invalid(409),

  /** As nginx has it: the caller went away. Only the edge can cancel, and it waits for no answer then. */
  cancelled: invalid(499),

  not_found: missing,
  model_not_found: missing,
  task_not_found: missing,
  method_not_allowed: invalid(405),
  body_timeout: passing(408),
  body_too_large: invalid(413),
  job_too_large: invalid(413),
  unsupported_media_type: invalid(415),

  rate_limited: limited,
  budget_minute_exhausted: limited,
  too_many_concurrent: limited,
  too_many_jobs: limited,
  job_storage_full: limited,

  internal: failed(500),
  host_failed: failed(502),
  project_budget_exhausted: failed(503),
  // Somebody has to set a variable first.
  not_configured: { ...failed(503), retry: false },
  store_unavailable: failed(503),
  ledger_unavailable: failed(503),
  guard_unavailable: failed(503),
  job_store_full: failed(503),
  jobs_not_served: failed(503),
  keys_unavailable: failed(503),
  host_unavailable: failed(503),
  host_busy: failed(503),
  host_not_ready: failed(503),
  host_timeout: failed(504),
} as const satisfies Record<string, Answered>

export type ErrorCode = keyof typeof ERRORS

/** The one error body of both hops, OpenAI's envelope with the request's id added. */
export type ErrorEnvelope = {
  error: {
    message: string
    type: string
    code: string
    param: string | null
    request_id: string
    /** When an exhausted budget begins anew: ISO 8601, UTC. */
    resets_at?: string
  }
}

type Evidence = {
  /** Path of the field that was wrong, such as `messages[0].content`. */
  param?: string
  /** Milliseconds after which the same request may fit; becomes `Retry-After` in whole seconds. */
  retryAfterMs?: number
  /** When an exhausted budget begins anew, in milliseconds since the epoch. */
  resetsAt?: number | undefined
  /** The methods that the path has; becomes `Allow`. */
  allow?: readonly string[]
  cause?: unknown
}

/** A refusal or failure with a stable code. The message is for people and never holds a secret or a prompt. */
export class TwohopError extends Error {
  readonly code: ErrorCode
  /** Path of the field. Who asked for something in other words puts them here. */
  param: string | undefined
  readonly retryAfterMs: number | undefined
  readonly resetsAt: number | undefined
  readonly allow: readonly string[] | undefined

  constructor(code: ErrorCode, message: string, evidence: Evidence = {}) {
    super(message, evidence.cause === undefined ? undefined : { cause: evidence.cause })
    this.name = 'TwohopError'
    this.code = code
    this.param = evidence.param
    this.retryAfterMs = evidence.retryAfterMs
    this.resetsAt = evidence.resetsAt
    this.allow = evidence.allow
  }
}

/** The stable code of anything thrown. */
export const codeOf = (thrown: unknown): ErrorCode =>
  thrown instanceof TwohopError ? thrown.code : 'internal'

/** Default wait before another try, in milliseconds, where the error names none. */
const DEFAULT_RETRY_MS = 1000

/** The longest wait that those clients take on, in milliseconds. They do not wait for what is further away, and ask anyway. */
const LONGEST_WAIT_MS = 60_000

/**
 * Turns any thrown value into an HTTP answer: the envelope, the status, and `Retry-After` (whole seconds, at least 1;
 * RFC 9110 section 10.2.3) on every 429, 503 and 504, and on a 403 or 409 that ends by itself. `x-should-retry` says what
 * the table says, and false where the wait is longer than a minute. Anything but a TwohopError becomes `internal` with a
 * fixed message, so that nothing of an unforeseen error reaches the client.
 */
export function errorResponse(thrown: unknown, requestId: string): Response {
  const error = told(thrown)
  const { status, retry }: Answered = ERRORS[error.code]
  const headers = new Headers({ 'content-type': 'application/json', 'x-request-id': requestId })
  const passes = (status === 403 || status === 409) && error.retryAfterMs !== undefined
  if (passes || status === 429 || status === 503 || status === 504) {
    const waitMs = error.retryAfterMs ?? DEFAULT_RETRY_MS
    headers.set('retry-after', String(Math.max(1, secondsOfWait(waitMs))))
  }
  const soon = (error.retryAfterMs ?? 0) <= LONGEST_WAIT_MS
  const again = soon ? retry : false
  if (again !== undefined) headers.set('x-should-retry', String(again))
  if (status === 401) headers.set('www-authenticate', 'Bearer')
  if (error.allow) headers.set('allow', error.allow.join(', '))
  return new Response(JSON.stringify(errorEnvelope(error, requestId)), { status, headers })
}

/** The body of that answer, for where an answer has begun already. */
export function errorEnvelope(thrown: unknown, requestId: string): ErrorEnvelope {
  const { message, code, param = null, resetsAt } = told(thrown)
  const resets = resetsAt === undefined ? {} : { resets_at: new Date(resetsAt).toISOString() }
  return { error: { message, type: ERRORS[code].type, code, param, request_id: requestId, ...resets } }
}

/** What a client is told of anything thrown. */
function told(thrown: unknown): TwohopError {
  return thrown instanceof TwohopError
    ? thrown
    : new TwohopError('internal', 'Something went wrong on our side.')
}
