import { request } from 'node:http'
import { describe, expect, it } from 'vitest'
import { signInIssuer } from './issuer.ts'

const BODY = JSON.stringify({ email: 'eve@example.com', password: 'secret12' })
/** One call of each surface that makes a user. */
const SIGN_UPS = [
  {
    path: '/identitytoolkit.googleapis.com/v1/accounts:signUp?key=any',
    refused: { error: { code: 403 } },
    signIn: '/identitytoolkit.googleapis.com/v1/accounts:signInWithPassword',
  },
  {
    path: '/auth/v1/signup',
    refused: { code: 'not_allowed_here' },
    signIn: '/auth/v1/token?grant_type=password',
  },
]

/** A request as its headers say, `Host` too, which fetch would set itself. */
function send(url: string, headers: Record<string, string>, method = 'POST', body = BODY) {
  return new Promise<{ status: number; headers: Record<string, unknown>; body: string }>(
    (resolve, reject) => {
      const sent = request(
        url,
        { method, headers: { 'content-type': 'application/json', ...headers } },
        (answer) => {
          let text = ''
          answer.on('data', (data) => {
            text += data
          })
          answer.on('end', () =>
            resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: text }),
          )
        },
      )
      sent.on('error', reject)
      sent.end(method === 'POST' ? body : undefined)
    },
  )
}

describe.each(SIGN_UPS)('who may sign up at $path', ({ path, refused, signIn }) => {
  it('lets in this machine by its own names, and pages that the edge lets in', async () => {
    const { issuer } = await signInIssuer()
    const { port } = new URL(issuer.supabase.url)
    const from = (headers: Record<string, string>, email: string) =>
      send(`${issuer.supabase.url}${path}`, headers, 'POST', BODY.replace('eve', email))
    expect((await from({}, 'a')).status).toBe(200)
    expect((await from({ host: `localhost:${port}` }, 'b')).status).toBe(200)
    const page = await from({ origin: 'http://localhost:5173' }, 'c')
    expect([page.status, page.headers['access-control-allow-origin']]).toEqual([200, 'http://localhost:5173'])
    const asked = { 'access-control-request-method': 'PUT', 'access-control-request-headers': 'apikey' }
    const preflight = await send(
      `${issuer.supabase.url}${path}`,
      { origin: 'http://localhost:5173', ...asked },
      'OPTIONS',
    )
    expect([preflight.status, preflight.headers]).toMatchObject([
      204,
      { 'access-control-allow-origin': 'http://localhost:5173', 'access-control-allow-headers': 'apikey' },
    ])
  })

  it.each([
    ['a page of the internet', { origin: 'https://evil.example' }],
    ['a page without an origin of its own', { origin: 'null' }],
    ['a page whose name looks alike', { origin: 'http://localhost.evil.example:80' }],
    ['a page that has its own name resolve to here', { host: 'evil.example' }],
    ['that page, which then is of the same origin', { host: 'evil.example', origin: 'http://evil.example' }],
    ['a tunnel to here', { 'x-forwarded-for': '203.0.113.7' }],
  ])('refuses %s, and makes no user', async (_, headers: Record<string, string>) => {
    const { issuer, call } = await signInIssuer()
    const answer = await send(`${issuer.supabase.url}${path}`, headers)
    expect([answer.status, JSON.parse(answer.body)]).toMatchObject([403, refused])
    expect(answer.headers['access-control-allow-origin']).toBeUndefined()
    expect((await call(signIn, { body: JSON.parse(BODY) })).status).toBe(400)
  })

  it('refuses a body that is too long', async () => {
    const { issuer } = await signInIssuer()
    const long = JSON.stringify({ email: 'a@example.com', password: 'x'.repeat(70_000) })
    expect((await send(`${issuer.supabase.url}${path}`, {}, 'POST', long)).status).toBe(413)
  })
})
