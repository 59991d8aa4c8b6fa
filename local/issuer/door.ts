import type { Http2Bindings, HttpBindings } from '@hono/node-server'
import type { MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { cors } from 'hono/cors'
import type { AllowedOrigins } from '../../edge/access/origin-list.ts'
import { isLocalRequest } from '../../edge/runtime/loopback.ts'

export type SignInEnv = { Bindings: HttpBindings | Http2Bindings }

/** A platform's own way to write an error. */
export type Refuse = (status: 403 | 413, words: string) => Response

type Step = MiddlewareHandler<SignInEnv>
type Door = [Step, Step, Step, Step]

/** The most bytes of a request: an address, a password and what a user says of itself. */
const MOST_BYTES = 65_536

/**
 * Who may sign in here, and sign up: this machine alone, under a name of its own, so that no page can have its own name
 * resolve to here; and of pages those that the edge lets in, too. Any page that its visitor opens could otherwise make
 * users here.
 */
export function doorOf(origins: AllowedOrigins, refuse: Refuse): Door {
  return [
    async function fromHere({ req, env }, next) {
      const { socket, httpVersion } = env.incoming
      if (isLocalRequest(req.raw, socket.remoteAddress, httpVersion)) return await next()
      return refuse(403, 'Users sign in here from this machine alone, under 127.0.0.1 or localhost.')
    },
    cors({
      origin: (origin) => (origins.has(origin) ? origin : null),
      allowMethods: ['GET', 'POST', 'PUT'],
      exposeHeaders: ['x-supabase-api-version'],
      maxAge: 600,
    }),
    async function fromItsPages({ req }, next) {
      const origin = req.header('origin')
      if (origin === undefined || origins.has(origin)) return await next()
      return refuse(
        403,
        'This origin may not sign users in here: start with --origin for each page that may.',
      )
    },
    bodyLimit({ maxSize: MOST_BYTES, onError: () => refuse(413, 'The request is too long.') }),
  ]
}
