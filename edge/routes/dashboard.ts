import type { Context, Handler } from 'hono'
import { TwohopError } from '../../shared/errors.ts'
import { toHex } from '../../shared/hex.ts'
import { cached } from './cached.ts'
import type { Env } from './env.ts'
import { type SignInPlaces, signInCalls, signInOrigins } from './sign-in-places.ts'

/** Reads a file of the built dashboard by its name; undefined where it was not built. */
export type DashboardFile = (name: string) => Promise<Uint8Array<ArrayBuffer> | undefined>

export type DashboardOptions = {
  file: DashboardFile
  signIn: SignInPlaces
}

/** Where there is no dashboard: its routes are not there either. */
export const NO_DASHBOARD: DashboardOptions = { file: async () => undefined, signIn: {} }

const TYPES = {
  'index.html': 'text/html; charset=utf-8',
  'app.js': 'text/javascript; charset=utf-8',
  'app.css': 'text/css; charset=utf-8',
} as const

type Name = keyof typeof TYPES
type Kept = { bytes: Uint8Array<ArrayBuffer>; tag: string }

/**
 * `/dashboard`: the page for users and administrators, and what it is made of. It is static: all that it shows comes from
 * the routes that any client has.
 */
export function dashboardRoutes({ file, signIn }: DashboardOptions) {
  /** Values, not promises: on workerd one that another request has made may never settle. */
  const kept = new Map<Name, Kept>()
  const headers = headersFor(signIn)

  async function read(name: Name): Promise<Kept> {
    const before = kept.get(name)
    if (before) return before
    const bytes = await file(name)
    if (!bytes)
      throw new TwohopError('not_found', 'The dashboard is not built here: npm run build:dashboard does it.')
    const sum = toHex(await crypto.subtle.digest('SHA-256', bytes))
    const fresh = { bytes, tag: `"${sum.slice(0, 32)}"` }
    kept.set(name, fresh)
    return fresh
  }
  async function send(c: Context, name: Name): Promise<Response> {
    const { bytes, tag } = await read(name)
    return cached(c, tag, () => c.body(bytes, 200, { ...headers, 'content-type': TYPES[name] }))
  }

  return {
    'GET /dashboard': (c) =>
      // Its parts are named beside it, and a slash would move them one folder down.
      new URL(c.req.url).pathname.endsWith('/')
        ? c.body(null, 308, { location: '../dashboard' })
        : send(c, 'index.html'),
    'GET /dashboard/app.js': (c) => send(c, 'app.js'),
    'GET /dashboard/app.css': (c) => send(c, 'app.css'),
    'GET /dashboard/sign-in.json': (c) => c.json(signInCalls(signIn)),
  } satisfies Record<string, Handler<Env>>
}

/** Nothing runs in the page but its own script, it asks its own edge and where users sign in, and nobody frames it. */
function headersFor(signIn: SignInPlaces): Record<string, string> {
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    'img-src data:',
    ["connect-src 'self'", ...signInOrigins(signIn)].join(' '),
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ]
  return {
    'content-security-policy': policy.join('; '),
    'x-frame-options': 'DENY',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
  }
}
