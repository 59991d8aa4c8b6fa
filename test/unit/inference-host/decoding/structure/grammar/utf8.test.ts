import fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  movesBy,
  sharedStates,
  spellings,
} from '../../../../../../inference-host/decoding/structure/grammar/utf8.ts'

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

/** 10,000 characters, each by itself: no two of them are neighbours. */
const APART = Array.from({ length: 10_000 }, (_, i) => 0x4e00 + 2 * i)

it('lead on from one state where they begin alike, whatever the number of characters', () => {
  const states: number[][] = []
  const all = spellings(APART.map((point) => [point, point])).map((bytes) => ({ bytes, to: pointOf(bytes) }))
  const root = movesBy(all, sharedStates(states))
  for (const moves of [root, ...states]) expect(ways(moves)).toBe(1)
  for (const one of APART) {
    const [first = 0, second = 0, third = 0] = bytesOf(one)
    expect(next(states[next(states[next(root, first)] ?? [], second)] ?? [], third)).toBe(one)
  }
})

const pointOf = (bytes: readonly (readonly [number, number])[]) =>
  new TextDecoder().decode(Uint8Array.from(bytes, ([first]) => first)).codePointAt(0) ?? 0

/** The most moves of a state that take the same byte. */
function ways(moves: readonly number[]): number {
  const taken = new Array<number>(256).fill(0)
  for (let at = 0; at < moves.length; at += 3)
    for (let byte = moves[at] ?? 0; byte <= (moves[at + 1] ?? -1); byte++)
      taken[byte] = (taken[byte] ?? 0) + 1
  return Math.max(...taken)
}

function next(moves: readonly number[], byte: number): number {
  for (let at = 0; at < moves.length; at += 3)
    if ((moves[at] ?? 0) <= byte && byte <= (moves[at + 1] ?? -1)) return moves[at + 2] ?? -1
  return -1
}
