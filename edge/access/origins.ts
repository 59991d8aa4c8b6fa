import type { MiddlewareHandler } from 'hono'
import { cors } from 'hono/cors'
import { TwohopError } from '../../shared/errors.ts'
import type { AllowedOrigins } from './origin-list.ts'

/** Response headers that a page's script may read besides the CORS-safelisted ones. */
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
 * CORS (Fetch standard) for the allowed origins. Hono's middleware sets the headers on every answer, errors included.
 * The preflight reflects the request headers: client libraries add their own, and the origin was checked already. No
 * cookie or other credential of the browser is let in: there is no `access-control-allow-credentials`.
 */
export function corsFor(allowed: AllowedOrigins): MiddlewareHandler {
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
export function requireOrigin(allowed: AllowedOrigins): MiddlewareHandler {
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
