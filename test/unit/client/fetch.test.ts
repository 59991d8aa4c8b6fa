import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type TwohopFetchOptions, twohopFetch } from '../../../client/fetch.ts'
import { messageErrorResponse } from '../../../edge/write/message-errors.ts'
import { type ErrorCode, errorResponse, TwohopError } from '../../../shared/errors.ts'

const EDGE = 'https://edge.example'
const refusal = (code: ErrorCode, retryAfterMs?: number) => () =>
  errorResponse(new TwohopError(code, 'No.', retryAfterMs === undefined ? {} : { retryAfterMs }), 'request-1')
const ok = () => new Response('done')

/** A client of an edge that gives these answers, one after the other, and what it was sent. */
function client(answers: readonly (() => Response)[], options: TwohopFetchOptions = {}) {
  const sent: { url: string; authorization: string | null; key: string | null; body: string }[] = []
  const asked: boolean[] = []
  const left = [...answers]
  const getToken = ({ forceRefresh }: { forceRefresh: boolean }) => {
    asked.push(forceRefresh)
    return forceRefresh ? `fresh-${asked.length}` : `token-${asked.length}`
  }
  const call = twohopFetch(getToken, {
    edge: `${EDGE}/v1`,
    async fetch(input, init) {
      const request = new Request(input, init)
      sent.push({
        url: request.url,
        authorization: request.headers.get('authorization'),
        key: request.headers.get('x-api-key'),
        body: await request.text(),
      })
      request.signal.throwIfAborted()
      const answer = left.shift()
      if (!answer) throw new Error('one request too many')
      return answer()
    },
    ...options,
  })
  return { call, sent, asked }
}

const post = { method: 'POST', body: '{"a":1}' }
const tokens = (sent: { authorization: string | null }[]) => sent.map(({ authorization }) => authorization)

describe('the token', () => {
  it('is asked for anew for each call, and takes the place of what the client has', async () => {
    const { call, sent, asked } = client([ok, ok])
    for (const headers of [{ authorization: 'Bearer unused' }, { 'x-api-key': 'unused' }])
      await call(`${EDGE}/v1/x`, { ...post, headers })
    expect(sent).toEqual([
      { url: `${EDGE}/v1/x`, authorization: 'Bearer token-1', key: null, body: '{"a":1}' },
      { url: `${EDGE}/v1/x`, authorization: 'Bearer token-2', key: null, body: '{"a":1}' },
    ])
    expect(asked).toEqual([false, false])
  })

  it("goes with the app's own, a new one for each request that is made", async () => {
    let made = 0
    const seen: (string | null)[] = []
    const call = twohopFetch(() => 'token', {
      edge: EDGE,
      getAppCheckToken: async () => `app-${++made}`,
      async fetch(_, init) {
        seen.push(new Headers(init?.headers).get('x-firebase-appcheck'))
        return seen.length === 1 ? refusal('token_expired')() : ok()
      },
    })
    expect(await (await call(`${EDGE}/v1/x`, post)).text()).toBe('done')
    expect(seen).toEqual(['app-1', 'app-2'])
  })

  it('goes where was looked, whatever base a page gives to what it asks for', async () => {
    vi.stubGlobal('location', { href: `${EDGE}/app/page` })
    try {
      const asked: unknown[] = []
      const call = twohopFetch(() => 'token', {
        edge: EDGE,
        async fetch(input) {
          asked.push(input)
          return ok()
        },
      })
      await call('/v1/x')
      await call('x?y=1', post)
      await call(new URL(`${EDGE}/v1/z`))
      // A relative address would be read anew, by the page's <base>.
      expect(asked).toEqual([`${EDGE}/v1/x`, `${EDGE}/app/x?y=1`, `${EDGE}/v1/z`])
    } finally {
      vi.unstubAllGlobals()
    }
  })

  it.each(['token_expired', 'challenge_required'] as const)(
    'is refreshed once after %s, and the same is sent again',
    async (code) => {
      const { call, sent, asked } = client([refusal(code), ok])
      const answer = await call(new Request(`${EDGE}/v1/x`, post))
      expect(await answer.text()).toBe('done')
      expect(sent.map(({ authorization, body }) => [authorization, body])).toEqual([
        ['Bearer token-1', '{"a":1}'],
        ['Bearer fresh-2', '{"a":1}'],
      ])
      expect(asked).toEqual([false, true])
    },
  )

  it('that has expired again is the answer', async () => {
    const { call, sent } = client([refusal('token_expired'), refusal('token_expired')])
    const answer = await call(`${EDGE}/v1/x`, post)
    expect([answer.status, sent.length]).toEqual([401, 2])
    expect(await answer.json()).toMatchObject({ error: { code: 'token_expired' } })
  })

  it('is refreshed once for all calls that find it expired together', async () => {
    let refreshes = 0
    const seen: (string | null)[] = []
    const call = twohopFetch(async ({ forceRefresh }) => (forceRefresh ? `fresh-${++refreshes}` : 'old'), {
      edge: EDGE,
      fetch: async (_, init) => {
        const authorization = new Headers(init?.headers).get('authorization')
        seen.push(authorization)
        return authorization === 'Bearer old' ? refusal('token_expired')() : ok()
      },
    })
    const answers = await Promise.all([1, 2, 3].map(() => call(`${EDGE}/x`)))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    expect(refreshes).toBe(1)
    expect(seen.filter((header) => header === 'Bearer fresh-1')).toHaveLength(3)
  })

  it('refused for another reason is not refreshed', async () => {
    const { call, asked } = client([refusal('token_signature_invalid')])
    expect((await call(`${EDGE}/x`)).status).toBe(401)
    expect(asked).toEqual([false])
  })

  it('of nobody is none: the edge says so, as it says everything', async () => {
    for (const nobody of [null, undefined, '']) {
      const sent: Headers[] = []
      const call = twohopFetch(() => nobody, {
        edge: EDGE,
        fetch: async (_, init) => {
          sent.push(new Headers(init?.headers))
          return refusal('token_missing')()
        },
      })
      const answer = await call(`${EDGE}/x`, { headers: { authorization: 'Bearer unused' } })
      expect([answer.status, sent.length, sent[0]?.has('authorization')]).toEqual([401, 1, false])
    }
  })

  it('goes to no other origin than the edge’s, and is not even asked for there', async () => {
    const { call, sent, asked } = client([])
    for (const url of [
      'https://edge.example.org/v1/x',
      'http://edge.example/v1/x',
      'https://edge.example:444/v1/x',
      'https://edge.example@other.example/',
    ])
      await expect(call(url)).rejects.toThrow(TypeError)
    await expect(call(new Request('https://other.example/'))).rejects.toThrow(
      'nothing is sent to https://other.example',
    )
    expect([sent, asked]).toEqual([[], []])
  })

  it('without a place given goes where the first one went, and never in clear to another machine', async () => {
    const getToken = () => 'token'
    const call = twohopFetch(getToken, { fetch: async () => ok() })
    await expect(call('http://edge.example/')).rejects.toThrow('in clear')
    expect((await call('https://edge.example/a')).status).toBe(200)
    await expect(call('https://api.openai.com/v1')).rejects.toThrow('for https://edge.example alone')
    for (const local of ['http://localhost:8787/', 'http://127.0.0.1:8787/', 'http://[::1]:8787/'])
      expect((await twohopFetch(getToken, { fetch: async () => ok() })(local)).status).toBe(200)
    await expect(
      twohopFetch(getToken, { fetch: async () => ok() })('http://127.0.0.1.example/'),
    ).rejects.toThrow('in clear')
  })
})

describe('a busy edge', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    vi.spyOn(Math, 'random').mockReturnValue(0.4)
  })
  afterEach(() => {
    vi.useRealTimers()
    vi.restoreAllMocks()
  })

  it.each(['rate_limited', 'host_busy'] as const)(
    'that says %s is asked again when it said',
    async (code) => {
      const { call, sent } = client([refusal(code, 2000), ok])
      const answer = call(`${EDGE}/x`, post)
      await vi.advanceTimersByTimeAsync(2199)
      expect(sent).toHaveLength(1)
      await vi.advanceTimersByTimeAsync(1)
      expect((await answer).status).toBe(200)
      expect(tokens(sent)).toEqual(['Bearer token-1', 'Bearer token-1'])
    },
  )

  it('of Anthropic’s API, a 529, is asked again too', async () => {
    const { call, sent } = client([() => messageErrorResponse(new TwohopError('host_busy', 'No.'), 'r'), ok])
    const answer = call(`${EDGE}/v1/messages`, post)
    await vi.advanceTimersByTimeAsync(1250)
    expect([(await answer).status, sent.length]).toEqual([200, 2])
  })

  it('that names no time is asked after longer and longer waits', async () => {
    const silent = () => new Response('', { status: 503 })
    const { call, sent } = client([silent, silent, silent, ok], { attempts: 4 })
    const answer = call(`${EDGE}/x`)
    for (const [wait, requests] of [
      [549, 1],
      [1, 2],
      [1099, 2],
      [1, 3],
      [2199, 3],
      [1, 4],
    ] as const) {
      await vi.advanceTimersByTimeAsync(wait)
      expect(sent).toHaveLength(requests)
    }
    expect((await answer).status).toBe(200)
  })

  it('is asked three times, and the last answer says that it was enough', async () => {
    const busy = refusal('host_busy', 1000)
    const { call, sent } = client([busy, busy, busy])
    const answer = call(`${EDGE}/x`)
    await vi.advanceTimersByTimeAsync(2200)
    const { status, headers } = await answer
    expect([status, sent.length]).toEqual([503, 3])
    expect([headers.get('x-should-retry'), headers.get('retry-after')]).toEqual(['false', '1'])
    expect(await (await answer).json()).toMatchObject({ error: { code: 'host_busy' } })
  })

  it.each([
    ['asks for more time than there is', refusal('rate_limited', 31_000), {}],
    ['asks for more time than the caller has', refusal('rate_limited', 2000), { maxWaitMs: 2000 }],
    [
      'says that it is of no use',
      () => new Response('', { status: 429, headers: { 'x-should-retry': 'false' } }),
      {},
    ],
  ])('that %s is not asked again', async (_, busy, options) => {
    const { call, sent } = client([busy], options)
    const answer = await call(`${EDGE}/x`)
    expect([answer.status, sent.length, answer.headers.get('x-should-retry')]).toEqual([429, 1, 'false'])
  })

  it('waits no longer than its caller has in all', async () => {
    const busy = refusal('host_busy', 2000)
    const { call, sent } = client([busy, busy, busy], { attempts: 9, maxWaitMs: 5000 })
    const answer = call(`${EDGE}/x`)
    await vi.advanceTimersByTimeAsync(4400)
    expect([(await answer).status, sent.length]).toEqual([503, 3])
  })

  it('is left to the client’s own retries where it may make one attempt', async () => {
    const { call, sent } = client([refusal('host_busy', 1000)], { attempts: 1 })
    const answer = await call(`${EDGE}/x`)
    expect([answer.status, sent.length, answer.headers.get('x-should-retry')]).toEqual([503, 1, null])
  })

  it('is asked once for a stream, which cannot be sent again', async () => {
    for (const code of ['token_expired', 'host_busy'] as const) {
      const { call, sent, asked } = client([refusal(code)])
      const body = new Blob(['streamed']).stream()
      const answer = await call(`${EDGE}/x`, { method: 'POST', body, duplex: 'half' } as RequestInit)
      expect([answer.status, sent.length, sent[0]?.body]).toEqual([
        code === 'host_busy' ? 503 : 401,
        1,
        'streamed',
      ])
      expect(asked).toEqual([false])
    }
  })

  it.each([
    ['bytes', new TextEncoder().encode('a=1')],
    ['a buffer', new TextEncoder().encode('a=1').buffer],
    ['a blob', new Blob(['a=1'])],
    ['a form', new URLSearchParams({ a: '1' })],
  ])('gets %s again, whole', async (_, body) => {
    const { call, sent } = client([refusal('host_busy', 1000), ok])
    const answer = call(`${EDGE}/x`, { method: 'POST', body })
    while (vi.getTimerCount() === 0) await new Promise(setImmediate)
    await vi.advanceTimersByTimeAsync(1100)
    expect((await answer).status).toBe(200)
    expect(sent.map((one) => one.body)).toEqual(['a=1', 'a=1'])
  })

  it('is given up at once when the caller does, and no timer is left', async () => {
    const { call, sent } = client([refusal('host_busy', 20_000)])
    const stop = new AbortController()
    const answer = call(`${EDGE}/x`, { signal: stop.signal })
    await vi.advanceTimersByTimeAsync(1000)
    const gaveUp = expect(answer).rejects.toThrow('enough')
    stop.abort(new Error('enough'))
    await gaveUp
    expect([sent.length, vi.getTimerCount()]).toEqual([1, 0])
  })
})

it('a caller who gives up does not wait for a token', async () => {
  const stop = new AbortController()
  const call = twohopFetch(() => new Promise<string>(() => {}), { edge: EDGE })
  const answer = call(`${EDGE}/x`, { signal: stop.signal })
  stop.abort(new Error('enough'))
  await expect(answer).rejects.toThrow('enough')
  await expect(call(`${EDGE}/x`, { signal: AbortSignal.abort(new Error('before')) })).rejects.toThrow(
    'before',
  )
})

it('a token that cannot be had is its caller’s error', async () => {
  const call = twohopFetch(() => Promise.reject(new Error('auth/network-request-failed')), { edge: EDGE })
  await expect(call(`${EDGE}/x`)).rejects.toThrow('auth/network-request-failed')
})

it('tells what is left with each answer that says it', async () => {
  const told: number[] = []
  const limits = (left: number) => ({
    'ratelimit-policy':
      '"requests";q=9;w=60, "units-minute";q=9;w=60, "units-day";q=9;w=9, "units-month";q=9',
    ratelimit: `"requests";r=9;t=9, "units-minute";r=9;t=9, "units-day";r=${left};t=9, "units-month";r=9;t=9`,
  })
  const { call } = client(
    [
      () => new Response('', { headers: limits(5) }),
      () => new Response('', { headers: limits(0), status: 403 }),
      ok,
    ],
    { onBudget: ({ day }) => told.push(day.remaining) },
  )
  for (let n = 0; n < 3; n++) await call(`${EDGE}/x`)
  expect(told).toEqual([5, 0])
})

describe('a redirect', () => {
  let server: Server
  const seen: (string | undefined)[] = []
  beforeEach(async () => {
    seen.length = 0
    server = createServer((request, answer) => {
      seen.push(request.url)
      answer.writeHead(307, { location: '/elsewhere' }).end()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })
  afterEach(() => new Promise((resolve) => server.close(resolve)))

  it('is not followed, even by a client that would', async () => {
    const edge = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const call = twohopFetch(() => 'token', { edge })
    await expect(call(`${edge}/x`)).rejects.toThrow(TypeError)
    await expect(call(`${edge}/x`, { redirect: 'follow' })).rejects.toThrow(TypeError)
    expect((await call(`${edge}/x`, { redirect: 'manual' })).status).toBe(307)
    expect(seen).toEqual(['/x', '/x', '/x'])
  })
})
