import { ORIGIN } from '../../fixtures/stack/attacked-stack.ts'
import type { Attack } from './world.ts'
import { CHAT_PATH, HELLO } from './world.ts'

const origin = (from: string): Attack => ({
  what: `from ${from}`,
  status: 403,
  code: 'origin_not_allowed',
  send: ({ eve }) => ({ token: eve, headers: { origin: from } }),
})
const nothingAt = (path: string, method = 'POST'): Attack => ({
  what: `${method} ${path.slice(0, 60)}`,
  status: 404,
  code: 'not_found',
  send: ({ eve }) => ({ token: eve, path, method, body: method === 'GET' ? undefined : HELLO }),
})
const notBy = (method: string, path: string): Attack => ({
  what: `${method} ${path}`,
  status: 405,
  code: 'method_not_allowed',
  send: ({ eve }) => ({ token: eve, path, method, body: method === 'GET' ? undefined : HELLO }),
})

/** Pages that may not call. */
export const ORIGINS: readonly Attack[] = [
  ...['https://evil.example', `${ORIGIN}.evil.example`, `http://app.example`, `${ORIGIN}:8443`, 'null'],
  ...[
    `${ORIGIN}/`,
    `${ORIGIN}@evil.example`,
    'chrome-extension://evil',
    'https://APP.example',
    `${ORIGIN} https://x.example`,
  ],
].map(origin)

/** Paths that lead elsewhere. */
export const PATHS: readonly Attack[] = [
  ...['/', '/v2/chat/completions', '/.env', '/.git/config', '/wp-login.php', '/v1/chat/completions/x'].map(
    (path) => nothingAt(path),
  ),
  ...[
    '/v1/..%2fadmin/accounts',
    '/v1/chat/completions%00',
    '/v1//chat/completions',
    '/v1/%2e%2e%2fetc%2fpasswd',
  ].map((path) => nothingAt(path)),
  ...['/metrics', '/livez', '/v1/requests/x', '/v1/chat/tokens', '/twohop/stats', '/v1/jobs/wake/now'].map(
    (path) => nothingAt(path, 'GET'),
  ),
  nothingAt(`/${'x'.repeat(4000)}`),
  ...['PUT', 'PATCH', 'GET', 'DELETE'].map((method) => notBy(method, CHAT_PATH)),
  notBy('POST', '/v1/usage'),
  {
    what: 'a task that there is not',
    status: 404,
    code: 'task_not_found',
    send: ({ eve }) => ({ token: eve, path: '/v1/tasks/__proto__', body: { inputs: 'x' } }),
  },
]

const invalid = (what: string, headers: Record<string, string>): Attack => ({
  what,
  status: 400,
  code: 'invalid_request',
  send: ({ eve }) => ({ token: eve, headers, body: HELLO }),
})

/** Headers and sizes. */
export const HEADERS: readonly Attack[] = [
  invalid('an idempotency key with a space', { 'idempotency-key': 'a b' }),
  invalid('one of 256 characters', { 'idempotency-key': 'x'.repeat(256) }),
  invalid('one that is empty', { 'idempotency-key': '' }),
  invalid('one beyond ASCII', { 'idempotency-key': 'schl\u00fcssel' }),
  ...['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', 'application/jsonp', ''].map(
    (type): Attack => ({
      what: `content-type "${type}"`,
      status: 415,
      code: 'unsupported_media_type',
      send: ({ eve }) => ({ token: eve, headers: { 'content-type': type }, body: HELLO }),
    }),
  ),
  {
    what: 'a body that is too large',
    status: 413,
    code: 'body_too_large',
    send: ({ eve }) => ({ token: eve, body: { ...HELLO, user: 'x'.repeat(70_000) } }),
  },
  {
    what: 'JSON where a form is',
    status: 415,
    code: 'unsupported_media_type',
    send: ({ eve }) => ({ token: eve, path: '/v1/audio/transcriptions', body: { model: 'x' } }),
  },
]
