import fc from 'fast-check'
import { expect, it } from 'vitest'
import { spellings } from '../../../../../inference-host/decoding/structure/utf8.ts'

const BORDERS = [0, 0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xffff, 0x10000, 0x10ffff]

/** How many of the spellings hold these bytes. */
const spelled = (all: ReturnType<typeof spellings>, bytes: Uint8Array) =>
  all.filter(
    (spelling) =>
      spelling.length === bytes.length &&
      spelling.every(([first, last], i) => first <= (bytes[i] ?? -1) && (bytes[i] ?? -1) <= last),
  ).length

const bytesOf = (point: number) => new TextEncoder().encode(String.fromCodePoint(point))
const isSurrogate = (point: number) => point >= 0xd800 && point <= 0xdfff
const anyPoint = fc.oneof(fc.constantFrom(...BORDERS), fc.integer({ min: 0, max: 0x10ffff }))

it('spell each character of the range exactly once, and none beside it', () => {
  fc.assert(
    fc.property(anyPoint, anyPoint, fc.array(anyPoint, { minLength: 5 }), (a, b, others) => {
      const [first, last] = [Math.min(a, b), Math.max(a, b)]
      const all = spellings([[first, last]])
      for (const point of [first, last, first - 1, last + 1, ...others]) {
        if (point < 0 || point > 0x10ffff || isSurrogate(point)) continue
        expect(spelled(all, bytesOf(point)), point.toString(16)).toBe(first <= point && point <= last ? 1 : 0)
      }
    }),
    { numRuns: 500, seed: 11 },
  )
})

it('spell as many byte strings as there are characters: no overlong one, no surrogate', () => {
  const strings = spellings([[0, 0x10ffff]]).reduce(
    (sum, spelling) => sum + spelling.reduce((product, [first, last]) => product * (last - first + 1), 1),
    0,
  )
  expect(strings).toBe(0x110000 - 0x800)
  expect(spellings([[0xd800, 0xdfff]])).toEqual([])
})
