import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import { corsFor, requireOrigin } from '../../../../edge/access/origins.ts'
import { errorResponse, type TwohopError } from '../../../../shared/errors.ts'

const EXTENSION = 'chrome-extension://abcdefghijklmnopabcdefghijklmnop'
const allowed = new Set(['https://app.example', EXTENSION])
const app = new Hono().use(corsFor(allowed)).use(requireOrigin(allowed))
app.get('/', (c) => c.text('in'))
app.onError((error) => errorResponse(error as TwohopError, 'r1'))

const from = (origin?: string) => app.request('/', origin === undefined ? {} : { headers: { origin } })

describe('origins', () => {
  it.each([...allowed])('%s is let in and may read the answer', async (origin) => {
    const answer = await from(origin)
    expect(await answer.text()).toBe('in')
    expect(answer.headers.get('access-control-allow-origin')).toBe(origin)
    const exposed = answer.headers.get('access-control-expose-headers')?.split(',')
    expect(exposed).toEqual(expect.arrayContaining(['x-request-id', 'retry-after', 'x-should-retry']))
  })

  it('none at all passes: there the token decides', async () => {
    expect((await from()).status).toBe(200)
  })

  it.each([
    'https://app.example.evil.test',
    'http://app.example',
    'https://app.example:8443',
    'https://APP.example',
    `${EXTENSION}x`,
    'null',
    '',
  ])('%s is refused, and may not even read why', async (origin) => {
    const answer = await from(origin)
    expect(answer.status).toBe(403)
    expect(await answer.json()).toMatchObject({ error: { code: 'origin_not_allowed' } })
    expect(answer.headers.get('access-control-allow-origin')).toBeNull()
  })

  it('a page of the edge itself is let in where it has one', async () => {
    const ask = (ownPage: boolean, site: string, origin = 'https://edge.example') => {
      const gate = new Hono().use(requireOrigin(allowed, ownPage)).get('/', (c) => c.text('in'))
      gate.onError((error) => errorResponse(error, 'r1'))
      return gate.request('/', { headers: { origin, 'sec-fetch-site': site } })
    }
    expect((await ask(true, 'same-origin')).status).toBe(200)
    for (const site of ['same-site', 'cross-site', 'none', ''])
      expect((await ask(true, site)).status).toBe(403)
    expect((await ask(false, 'same-origin')).status).toBe(403)
    for (const here of ['http://localhost:8787', 'http://127.0.0.1:8787', 'http://[::1]:8787'])
      expect([here, (await ask(true, 'same-origin', here)).status]).toEqual([here, 200])
    // No browser names itself in clear (potentially trustworthy URLs alone), and a name in clear can be led here.
    for (const led of [
      'http://evil.test:8787',
      'http://localhost.evil.test',
      'null',
      '',
      'file://',
      `${EXTENSION}x`,
    ])
      expect([led, (await ask(true, 'same-origin', led)).status]).toEqual([led, 403])
  })

  it('a preflight is answered for ten minutes, to an allowed origin only', async () => {
    const ask = (origin: string) =>
      app.request('/', {
        method: 'OPTIONS',
        headers: {
          origin,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'x-own',
        },
      })
    const { headers, status } = await ask('https://app.example')
    expect(status).toBe(204)
    expect(headers.get('access-control-max-age')).toBe('600')
    expect(headers.get('access-control-allow-methods')).toBe('GET,POST,DELETE')
    expect(headers.get('access-control-allow-headers')).toBe('x-own')
    expect((await ask('https://evil.test')).headers.get('access-control-allow-origin')).toBeNull()
  })
})
