import type { MiddlewareHandler } from 'hono'
import { cors } from 'hono/cors'
import { TwohopError } from '../../shared/errors.ts'

/** Headers of an answer that a page's script may read beside the safelisted ones. */
const EXPOSED = [
  'x-request-id',
  'retry-after',
  'ratelimit',
  'ratelimit-policy',
  'x-budget-threshold',
  'idempotency-replayed',
  'server-timing',
]

/**
 * CORS (Fetch standard) for exact origins, extension ids among them (`chrome-extension://<id>`). Hono's middleware
 * sets the headers on every answer, errors included; request headers are reflected in the preflight because client
 * libraries add their own and the origin is exact already.
 */
export function corsFor(allowed: ReadonlySet<string>): MiddlewareHandler {
  return cors({
    origin: (origin) => (allowed.has(origin) ? origin : null),
    allowMethods: ['GET', 'POST', 'DELETE'],
    exposeHeaders: EXPOSED,
    maxAge: 600,
  })
}

/**
 * Refuses a browser's request from any other origin. A request without `Origin` (a server, a command line) passes:
 * the token decides there, as it does everywhere.
 * @throws TwohopError origin_not_allowed
 */
export function requireOrigin(allowed: ReadonlySet<string>): MiddlewareHandler {
  return async function originGate(c, next) {
    const origin = c.req.header('origin')
    if (origin !== undefined && !allowed.has(origin))
      throw new TwohopError(
        'origin_not_allowed',
        'This origin is not on the list of allowed origins (ALLOWED_ORIGINS).',
      )
    await next()
  }
}
