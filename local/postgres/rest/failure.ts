import postgres from 'postgres'

/** An error answer of the REST API: PostgREST's body and its HTTP status. */
export type Failure = {
  status: number
  body: { code: string; message: string; details: string | null; hint: string | null }
}

/** A request that is refused before it reaches PostgreSQL, with PostgREST's own codes (docs.postgrest.org, Errors). */
export class RestError extends Error {
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

/** SQLSTATE or its class -> status, in the order of PostgREST's own table; anything else is 400. */
const STATUS: [prefix: string, status: number][] = [
  ['08', 503],
  ['09', 500],
  ['0L', 403],
  ['0P', 403],
  ['23503', 409],
  ['23505', 409],
  ['25006', 405],
  ['25', 500],
  ['28', 403],
  ['2D', 500],
  ['38', 500],
  ['39', 500],
  ['3B', 500],
  ['40', 500],
  ['53400', 500],
  ['53', 503],
  ['54', 500],
  ['55', 500],
  ['57', 500],
  ['58', 500],
  ['F0', 500],
  ['HV', 500],
  ['P0001', 400],
  ['P0', 500],
  ['XX', 500],
  ['42883', 404],
  ['42P01', 404],
  ['42P17', 500],
]

/** Turns an error of a request into PostgREST's answer. */
export function failureOf(thrown: unknown, anonymous: boolean): Failure {
  if (thrown instanceof RestError) {
    const { status, code, message } = thrown
    return { status, body: { code, message, details: null, hint: null } }
  }
  // This checks the class, not the form of the code: Node's own EPIPE would pass for a SQLSTATE.
  if (!(thrown instanceof postgres.PostgresError))
    return {
      status: 503,
      body: { code: 'PGRST001', message: 'Database client error', details: null, hint: null },
    }
  const { code, message, detail, hint } = thrown
  const found = STATUS.find(([prefix]) => code.startsWith(prefix))?.[1] ?? 400
  const status = code === '42501' ? (anonymous ? 401 : 403) : found
  return { status, body: { code, message, details: detail ?? null, hint: hint ?? null } }
}
