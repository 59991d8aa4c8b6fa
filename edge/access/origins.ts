import type { MiddlewareHandler } from 'hono'
import { cors } from 'hono/cors'
import * as z from 'zod'
import { TwohopError } from '../../shared/errors.ts'

/** `ALLOWED_ORIGINS`: exact origins, joined by commas. */
export const Origins = z
  .string()
  .transform((list) =>
    list
      .split(',')
      .map((item) => item.trim())
      .filter(Boolean),
  )
  .pipe(
    z.array(
      z
        .string()
        .refine(isOrigin, 'is no exact origin, such as https://app.example or chrome-extension://<id>'),
    ),
  )
  .transform((list): ReadonlySet<string> => new Set(list))

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
 * CORS (Fetch standard) for exact origins, extension ids among them (`chrome-extension://<id>`). Hono's middleware sets
 * the headers on every answer, errors included. The preflight reflects the request headers: client libraries add their
 * own, and the origin is exact already.
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

function isOrigin(text: string): boolean {
  const url = URL.parse(text)
  if (!url) return false
  // Chromium and Firefox send an extension's origin as scheme and id; URL.origin is "null" for such schemes.
  if (url.protocol === 'chrome-extension:') return /^chrome-extension:\/\/[a-p]{32}$/.test(text)
  if (url.protocol === 'moz-extension:') return /^moz-extension:\/\/[0-9a-f-]{36}$/.test(text)
  return url.origin === text && (url.protocol === 'https:' || url.protocol === 'http:')
}
