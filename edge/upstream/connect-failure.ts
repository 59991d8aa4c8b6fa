/**
 * Codes of failures before a byte of a request was sent: of Node's sockets and of undici. No name, nobody who listens, no way
 * there.
 */
const CODES = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
])
/** How Deno says the same, in the message of the cause. */
const DENO = /: client error \(Connect\)/

/**
 * Whether a failure of `fetch` came before anything was sent, so that nobody has computed. False where that is not certain:
 * workerd has the same words for a connection that was refused and for one that broke after the request.
 */
export function wasNeverSent(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined
  if (!(cause instanceof Error)) return false
  if (cause instanceof AggregateError) return cause.errors.every(isConnectFailure)
  return isConnectFailure(cause)
}

function isConnectFailure(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const code = 'code' in error ? error.code : undefined
  return (typeof code === 'string' && CODES.has(code)) || DENO.test(error.message)
}

/**
 * What Cloudflare answers a Worker in place of an origin that it did not reach: it is down, has no way there, no TLS or no name
 * (developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors).
 */
const UNREACHED: ReadonlySet<number> = new Set([521, 523, 525, 526, 530])

/** Whether a status says that nobody was reached. */
export const wasUnreached = (status: number): boolean => UNREACHED.has(status)
