import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  type Hub,
  hubGet,
  parseEndpoint,
  watch,
  wholeNumber,
} from '../../../../inference-host/pull/hub-request.ts'
import { Transient } from '../../../../inference-host/pull/retry.ts'

const SHA = 'a'.repeat(64)
type Seen = { url: string; authorization: string | undefined; range: string | undefined }

/** A hub that answers each request by the next of these, and what was sent to it. */
function hubOf(answers: readonly (Response | Error)[], over: Partial<Hub> = {}) {
  const left = [...answers]
  const seen: Seen[] = []
  const hub: Hub = {
    endpoint: 'https://hub.example/mirror',
    token: 'hf_secret',
    stallMs: 5000,
    signal: new AbortController().signal,
    async fetch(url, init) {
      const headers = new Headers(init?.headers)
      expect(init?.redirect).toBe('manual')
      expect(headers.get('accept-encoding')).toBe('identity')
      seen.push({
        url: String(url),
        authorization: headers.get('authorization') ?? undefined,
        range: headers.get('range') ?? undefined,
      })
      const next = left.shift() ?? new Response(null, { status: 500 })
      if (next instanceof Error) throw next
      return next
    },
    ...over,
  }
  async function get(extra: Record<string, string> = {}) {
    const watched = watch(hub)
    try {
      return await hubGet(hub, '/a/b', 'owner/name: b', extra, watched)
    } finally {
      watched.done()
    }
  }
  return { hub, seen, get }
}

const redirect = (location: string, headers: Record<string, string> = {}) =>
  new Response(null, { status: 302, headers: { location, ...headers } })
const status = (code: number, headers: Record<string, string> = {}) =>
  new Response(null, { status: code, headers })

describe('a file of the hub', () => {
  test('is asked for below the endpoint, with the token and what else is to be sent', async () => {
    const { seen, get } = hubOf([new Response('content')])
    const { response, linked } = await get({ range: 'bytes=5-' })
    expect(await response.text()).toBe('content')
    expect(linked).toEqual({ sha256: undefined, bytes: undefined })
    expect(seen).toEqual([
      { url: 'https://hub.example/mirror/a/b', authorization: 'Bearer hf_secret', range: 'bytes=5-' },
    ])
  })

  test('is followed to its storage, which is not told the token, nor believed about the file', async () => {
    const { seen, get } = hubOf([
      redirect('https://storage.example/x?signature=s', {
        'x-linked-etag': `"${SHA}"`,
        'x-linked-size': '12',
      }),
      new Response('content', { headers: { 'x-linked-etag': `"${'b'.repeat(64)}"`, 'x-linked-size': '99' } }),
    ])
    expect((await get()).linked).toEqual({ sha256: SHA, bytes: 12 })
    expect(seen.map(({ authorization }) => authorization)).toEqual(['Bearer hf_secret', undefined])
  })

  test('has the token again where the hub leads back to itself', async () => {
    const { seen, get } = hubOf([redirect('/other'), new Response('content')])
    await get()
    expect(seen[1]).toMatchObject({ url: 'https://hub.example/other', authorization: 'Bearer hf_secret' })
  })

  test.each([206, 416])('may be answered by %i', async (code) => {
    const { get } = hubOf([status(code)])
    expect((await get()).response.status).toBe(code)
  })
})

describe('what is no answer', () => {
  test.each([
    ['another scheme', 'ftp://x.example/'],
    ['plain HTTP after HTTPS', 'http://storage.example/'],
    ['a file here', 'file:///etc/passwd'],
    ['no address', 'https://'],
  ])('a redirect to %s', async (_, to) => {
    const { seen, get } = hubOf([redirect(to), new Response('never')])
    await expect(get()).rejects.toMatchObject({ code: 'hub_failed' })
    expect(seen).toHaveLength(1)
  })

  test('more than five redirects', async () => {
    const { seen, get } = hubOf(Array.from({ length: 9 }, () => redirect('/again')))
    await expect(get()).rejects.toMatchObject({
      code: 'hub_failed',
      message: expect.stringContaining('5 times'),
    })
    expect(seen).toHaveLength(6)
  })

  test.each([
    [401, 'hub_denied'],
    [403, 'hub_denied'],
    [404, 'hub_not_found'],
    [400, 'hub_failed'],
    [410, 'hub_failed'],
  ])('%i, for good', async (code, expected) => {
    const thrown = await hubOf([status(code)])
      .get()
      .catch((error: unknown) => error)
    expect(thrown).toMatchObject({ code: expected })
    expect(thrown).not.toBeInstanceOf(Transient)
  })

  test('says whether a token was sent that may not read it', async () => {
    await expect(hubOf([status(403)]).get()).rejects.toThrow('the HF_TOKEN that was sent may not read it')
    await expect(hubOf([status(403)], { token: undefined }).get()).rejects.toThrow('set HF_TOKEN to a token')
  })

  test.each([408, 429, 500, 503])('%i, for now: it says when to come again', async (code) => {
    const thrown = await hubOf([status(code, { 'retry-after': '7' })])
      .get()
      .catch((error: unknown) => error)
    expect(thrown).toBeInstanceOf(Transient)
    expect(thrown).toMatchObject({ failure: { code: 'hub_failed' }, afterMs: 7000 })
  })

  test('says it by a date, too', async () => {
    const thrown = await hubOf([status(429, { 'retry-after': new Date(Date.now() + 9000).toUTCString() })])
      .get()
      .catch((error: unknown) => error)
    expect(thrown).toBeInstanceOf(Transient)
    expect([7000, 8000, 9000]).toContain((thrown as Transient).afterMs)
  })

  test('a link of the storage that has expired: the hub gives a fresh one', async () => {
    const { get } = hubOf([redirect('https://storage.example/x'), status(403)])
    const thrown = await get().catch((error: unknown) => error)
    expect(thrown).toBeInstanceOf(Transient)
    expect(thrown).toMatchObject({ failure: { message: "owner/name: b: the hub's storage answers 403" } })
  })

  test('no connection: its own few words, and never the address with a token', async () => {
    const cause = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })
    const thrown = await hubOf([new TypeError('fetch failed', { cause })])
      .get()
      .catch((error: unknown) => error)
    expect(thrown).toMatchObject({
      failure: {
        code: 'hub_unreachable',
        message: 'cannot reach https://hub.example (ECONNREFUSED); HF_ENDPOINT names another hub',
      },
    })
  })

  test('nothing at all where the pull is told to end', async () => {
    const stop = new AbortController()
    const { get } = hubOf([new TypeError('aborted')], { signal: stop.signal })
    stop.abort(new RangeError('Ctrl-C'))
    await expect(get()).rejects.toThrow('Ctrl-C')
  })
})

describe('a connection', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  test('counts as dead after so long without a byte, and lives on with each', () => {
    const watched = watch({ stallMs: 1000, signal: new AbortController().signal })
    vi.advanceTimersByTime(999)
    watched.alive()
    vi.advanceTimersByTime(999)
    expect([watched.signal.aborted, watched.stalled()]).toEqual([false, false])
    vi.advanceTimersByTime(1)
    expect([watched.signal.aborted, watched.stalled()]).toEqual([true, true])
  })

  test('that has ended is watched no more; one that is told to end has not stalled', () => {
    const stop = new AbortController()
    const watched = watch({ stallMs: 1000, signal: stop.signal })
    watched.done()
    vi.advanceTimersByTime(5000)
    expect(watched.signal.aborted).toBe(false)
    stop.abort()
    expect([watched.signal.aborted, watched.stalled()]).toEqual([true, false])
  })
})

describe('an endpoint', () => {
  test.each([
    ['https://hub.example/', 'https://hub.example'],
    ['http://127.0.0.1:80/a//', 'http://127.0.0.1/a'],
  ])('%s is %s', (text, expected) => {
    expect(parseEndpoint(text)).toBe(expected)
  })

  test.each([
    'hub.example',
    'ftp://hub.example',
    'http://hub.example',
    'https://user:password@hub.example',
    'https://hub.example/?a=b',
    'https://hub.example/#a',
    '',
  ])('is refused, and not repeated: %s', (text) => {
    expect(() => parseEndpoint(text)).toThrow(
      expect.objectContaining({
        code: 'hub_invalid',
        message:
          'HF_ENDPOINT must begin with https:// (http:// is for loopback only) and have no user, query or fragment',
      }),
    )
  })
})

test.each([
  ['12', 12],
  ['0', 0],
  ['-1', undefined],
  ['1.5', undefined],
  ['1e3', undefined],
  ['9'.repeat(16), undefined],
  [null, undefined],
])('a header %s counts %s bytes', (text, bytes) => {
  expect(wholeNumber(text)).toBe(bytes)
})
