import { expect, it, vi } from 'vitest'
import { createReadBody } from '../../../../edge/parse/read-body.ts'

const bound = { most: 10, timeoutMs: 1000 }
const post = (body: BodyInit, headers: Record<string, string> = {}) =>
  new Request('https://edge.test/', { method: 'POST', body, headers, duplex: 'half' } as RequestInit)
const text = async (bytes: Promise<Uint8Array>) => new TextDecoder().decode(await bytes)

/** A body of so many pieces of one byte, which then stays open, with what was asked of it. */
function stalling(pieces: number) {
  const seen = { pulled: 0, cancelled: false }
  const stream = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (seen.pulled === pieces) return new Promise(() => {})
        seen.pulled++
        controller.enqueue(new Uint8Array([97]))
      },
      cancel() {
        seen.cancelled = true
      },
    },
    { highWaterMark: 0 },
  )
  return { seen, stream }
}

it('reads nothing before it is asked, and once however often it is', async () => {
  const { seen, stream } = stalling(0)
  createReadBody(post(stream), bound)
  expect(seen.pulled).toBe(0)
  const readBody = createReadBody(post('0123456789'), bound)
  expect(await Promise.all([text(readBody()), text(readBody())])).toEqual(['0123456789', '0123456789'])
})

it.each([
  ['that says so, of which nothing is read', { 'content-length': '11' }, 0],
  ['that says nothing, of which no more is read', {}, 11],
])('refuses a longer body %s', async (_, headers, pulled) => {
  const { seen, stream } = stalling(100)
  await expect(createReadBody(post(stream, headers), bound)()).rejects.toMatchObject({
    code: 'body_too_large',
    message: 'The body is larger than 10 bytes.',
  })
  expect(seen.pulled).toBe(pulled)
})

it.each([
  ['in chunks', {}],
  ['with a length', { 'content-length': '9' }],
])('refuses a body that does not end in time, %s, and hears it once', async (_, headers) => {
  vi.useFakeTimers()
  try {
    const { seen, stream } = stalling(3)
    const readBody = createReadBody(post(stream, headers), bound)
    const refused = expect(readBody()).rejects.toMatchObject({ code: 'body_timeout' })
    let ended = false
    void readBody().catch(() => {
      ended = true
    })
    await vi.advanceTimersByTimeAsync(999)
    expect([seen.pulled, ended]).toEqual([3, false])
    await vi.advanceTimersByTimeAsync(1)
    await refused
    expect(ended).toBe(true)
    // What the runtime reads whole cannot be cancelled; it is dropped with its request.
    if (!('content-length' in headers)) expect(seen.cancelled).toBe(true)
    expect(vi.getTimerCount()).toBe(0)
  } finally {
    vi.useRealTimers()
  }
})

it('leaves no timer behind where the body comes in time', async () => {
  vi.useFakeTimers()
  try {
    await createReadBody(post('a'), bound)()
    expect(vi.getTimerCount()).toBe(0)
  } finally {
    vi.useRealTimers()
  }
})

it('says of a body that breaks off that it did', async () => {
  const broken = new ReadableStream({ pull: (controller) => controller.error(new TypeError('terminated')) })
  await expect(createReadBody(post(broken), bound)()).rejects.toMatchObject({
    code: 'invalid_request',
    message: 'The body broke off before its end.',
  })
})

it.each(['gzip', 'GZIP', 'deflate, gzip', 'br', 'x'])(
  'refuses a body packed by %s, unread',
  async (packed) => {
    const { seen, stream } = stalling(3)
    await expect(createReadBody(post(stream, { 'content-encoding': packed }), bound)()).rejects.toMatchObject(
      {
        code: 'unsupported_media_type',
        param: 'content-encoding',
      },
    )
    expect(seen.pulled).toBe(0)
    expect(await text(createReadBody(post('a', { 'content-encoding': 'Identity' }), bound)())).toBe('a')
  },
)
