import { describe, expect, it, vi } from 'vitest'
import { readAnswer, readRefusal, readText } from '../../../../edge/upstream/bounded.ts'

/** An answer in these pieces, without a stated length, and whether its reader gave up. */
function answer(...pieces: Uint8Array[]) {
  const state = { cancelled: false }
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const piece = pieces.shift()
      if (piece) controller.enqueue(piece)
      else controller.close()
    },
    cancel() {
      state.cancelled = true
    },
  })
  return { state, response: new Response(body) }
}
const bytes = (text: string) => new TextEncoder().encode(text)

describe('an answer that is read whole', () => {
  it('is text, also where a character is cut between two pieces', async () => {
    const [first, ...rest] = bytes('€uro')
    const { response } = answer(Uint8Array.of(first ?? 0), Uint8Array.from(rest))
    expect(await readText(response, 6)).toBe('€uro')
    expect(await readText(new Response('€', { headers: { 'content-length': '3' } }), 3)).toBe('€')
    expect(await readText(new Response(null), 0)).toBe('')
  })

  it('is given up at the first byte too many', async () => {
    const { response, state } = answer(bytes('four'), bytes('five!'), bytes('never read'))
    await expect(readText(response, 8)).rejects.toMatchObject({ code: 'host_failed' })
    expect(state.cancelled).toBe(true)
  })

  it('is not believed where it understates its length before decompression', async () => {
    const headers = { 'content-length': '3', 'content-encoding': 'gzip' }
    await expect(readText(new Response('longer', { headers }), 3)).rejects.toMatchObject({
      code: 'host_failed',
    })
  })

  it('that breaks off is a failure of who wrote it, but not where the call was broken off', async () => {
    const broken = () =>
      new Response(new ReadableStream({ start: (controller) => controller.error(new TypeError('reset')) }))
    const { signal } = new AbortController()
    await expect(readAnswer(broken(), 8, signal)).rejects.toMatchObject({ code: 'host_failed' })
    await expect(readAnswer(new Response('longer'), 3, signal)).rejects.toMatchObject({ code: 'host_failed' })
    const gone = AbortSignal.abort(new DOMException('late', 'TimeoutError'))
    await expect(readAnswer(broken(), 8, gone)).rejects.toThrow('late')
    expect(await readAnswer(new Response('four'), 4, signal)).toBe('four')
  })
})

it('a refusal whose body is too long, breaks or does not end says nothing, and is waited for 2 s', async () => {
  vi.useFakeTimers()
  try {
    const left = vi.fn()
    const hanging = readRefusal(new Response(new ReadableStream({ cancel: left })), 8)
    await vi.advanceTimersByTimeAsync(2000)
    expect([await hanging, left.mock.calls.length]).toEqual(['', 1])
  } finally {
    vi.useRealTimers()
  }
  expect(await readRefusal(new Response('longer'), 3)).toBe('')
  expect(await readRefusal(new Response('four'), 4)).toBe('four')
})
