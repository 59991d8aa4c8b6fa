import { expect, it } from 'vitest'
import { readBounded, readBoundedText } from '../../../shared/read-bounded.ts'

const tooLong = () => new RangeError('too long')

/** An answer in pieces of so many bytes, with what was asked of its stream. */
function inPieces(sizes: Iterable<number>, headers: Record<string, string> = {}) {
  const seen = { pieces: 0, cancelled: false }
  const next = sizes[Symbol.iterator]()
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const { value, done } = next.next()
        if (done) return controller.close()
        seen.pieces++
        controller.enqueue(new Uint8Array(value).fill(97))
      },
      cancel() {
        seen.cancelled = true
      },
    },
    { highWaterMark: 0 },
  )
  return { seen, answer: new Response(body, { headers }) }
}

it('reads a body of exactly as much, in order, and calls for each piece', async () => {
  let pieces = 0
  const { answer } = inPieces([3, 4, 3])
  const bytes = await readBounded(answer, { most: 10, tooLong, onPiece: () => pieces++ })
  expect([bytes.length, pieces]).toEqual([10, 3])
  expect(await readBoundedText(new Response('zwölf'), { most: 6, tooLong })).toBe('zwölf')
})

it('reads nothing of a message without a body', async () => {
  expect(await readBoundedText(new Response(null), { most: 0, tooLong })).toBe('')
})

it('ends an endless body with the first piece that is too much', async () => {
  const endless = (function* () {
    for (;;) yield 4
  })()
  const { seen, answer } = inPieces(endless)
  await expect(readBounded(answer, { most: 10, tooLong })).rejects.toThrow(RangeError)
  expect(seen).toEqual({ pieces: 3, cancelled: true })
})

it.each([
  ['that is stated too short', { 'content-length': '2' }],
  ['that is stated too long', { 'content-length': '20' }],
  ['of which the packed length is stated', { 'content-length': '2', 'content-encoding': 'gzip' }],
])('refuses a longer body %s', async (_, headers) => {
  const { answer } = inPieces([6, 6], headers)
  await expect(readBounded(answer, { most: 10, tooLong })).rejects.toThrow(RangeError)
})

it('throws what reading throws', async () => {
  const body = new ReadableStream({ pull: (controller) => controller.error(new TypeError('terminated')) })
  await expect(readBounded(new Response(body), { most: 10, tooLong })).rejects.toThrow(TypeError)
})

it('takes no stated length for a bound where the body comes in chunks', async () => {
  const { answer, seen } = inPieces([50, 50, 50, 50], {
    'content-length': '5',
    'transfer-encoding': 'chunked',
  })
  await expect(readBounded(answer, { most: 60, tooLong })).rejects.toThrow('too long')
  expect(seen).toEqual({ pieces: 2, cancelled: true })
})
