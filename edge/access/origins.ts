import type { MiddlewareHandler } from 'hono'
import { TwohopError } from '../../shared/errors.ts'
import type { AllowedOrigins } from './origin-list.ts'

/** Response headers that a page's script may read besides the CORS-safelisted ones. */
export const EXPOSED = [
  'x-request-id',
  'request-id',
  'retry-after',
  'x-should-retry',
  'ratelimit',
  'ratelimit-policy',
  'x-budget-threshold',
  'idempotency-replayed',
  'server-timing',
  'x-model-version',
  'x-cache',
].join(',')

/**
 * CORS (Fetch standard) for the allowed origins, on every answer, errors included. The preflight reflects the request
 * headers: client libraries add their own, and the origin was checked already. No cookie or other credential of the browser
 * is let in: there is no `access-control-allow-credentials`.
 *
 * Hono's own middleware touches the answer before there is one, and then makes it anew with its headers.
 */
export function corsFor(allowed: AllowedOrigins): MiddlewareHandler {
  return async function cors(c, next) {
    const origin = c.req.header('origin')
    if (c.req.method === 'OPTIONS') c.res = answerPreflight(c.req.header('access-control-request-headers'))
    else await next()
    const { headers } = c.res
    headers.append('vary', 'Origin')
    headers.set('access-control-expose-headers', EXPOSED)
    if (origin !== undefined && allowed.has(origin)) headers.set('access-control-allow-origin', origin)
  }
}

/** The answer to a browser that asks what it may send. What it may not is in the lack of `access-control-allow-origin`. */
export function answerPreflight(asked: string | undefined): Response {
  const headers = new Headers({
    'access-control-max-age': '600',
    'access-control-allow-methods': 'GET,POST,DELETE',
  })
  if (asked) {
    headers.set('access-control-allow-headers', asked)
    headers.append('vary', 'Access-Control-Request-Headers')
  }
  return new Response(null, { status: 204, headers })
}

/**
 * Refuses a browser's request from any other origin. A request without `Origin` (a server, a command line) passes:
 * the token decides there, as it does everywhere.
 * @param ownPage whether the edge has a page itself. Its requests name themselves in `Sec-Fetch-Site`, which no script can
 *   set, and browsers send only to where nobody else can answer in between (w3.org/TR/fetch-metadata).
 * @throws TwohopError origin_not_allowed
 */
export function requireOrigin(allowed: AllowedOrigins, ownPage = false): MiddlewareHandler {
  return async function originGate(c, next) {
    const origin = c.req.header('origin')
    const isOwn =
      ownPage && c.req.header('sec-fetch-site') === 'same-origin' && TRUSTWORTHY.test(origin ?? '')
    if (origin !== undefined && !isOwn && !allowed.has(origin))
      throw new TwohopError(
        'origin_not_allowed',
        'This origin is not on the list of allowed origins (ALLOWED_ORIGINS).',
      )
    await next()
  }
}

/**
 * Origins of pages that came from the host they name (w3.org/TR/secure-contexts, 3.1). A name in clear can be led to this
 * machine by whoever owns it (DNS rebinding).
 */
const TRUSTWORTHY = /^(?:https:\/\/[^/\s]+|http:\/\/(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?)$/
