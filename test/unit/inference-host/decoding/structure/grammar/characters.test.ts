import fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  type CharacterSet,
  complement,
  intersection,
  LAST,
  of,
  union,
  WRITABLE,
  without,
} from '../../../../../../inference-host/decoding/structure/grammar/characters.ts'

const has = (set: CharacterSet, point: number) => set.some(([first, last]) => first <= point && point <= last)
/** Sets as a caller may bring them: not sorted, and ranges that meet or overlap. */
const anySet = fc
  .array(fc.tuple(fc.nat(40), fc.nat(8)), { maxLength: 6 })
  .map((ranges) => ranges.map(([first, more]) => [first, first + more] as const))

it('union, intersection, difference and complement are those of sets, point by point', () => {
  fc.assert(
    fc.property(anySet, anySet, (a, b) => {
      const sets = { or: union(a, b), and: intersection(a, b), minus: without(a, b), not: complement(a) }
      for (let point = 0; point < 60; point++) {
        const [inA, inB] = [has(a, point), has(b, point)]
        expect([
          has(sets.or, point),
          has(sets.and, point),
          has(sets.minus, point),
          has(sets.not, point),
        ]).toEqual([inA || inB, inA && inB, inA && !inB, !inA])
      }
      for (const set of Object.values(sets))
        for (const [i, [first, last]] of set.entries()) {
          expect(first).toBeLessThanOrEqual(last)
          // Sorted, and no two that one range could say.
          if (i > 0) expect(first).toBeGreaterThan((set[i - 1]?.[1] ?? 0) + 1)
        }
    }),
    { numRuns: 300, seed: 3 },
  )
})

it('reach from the first code point to the last', () => {
  expect(complement([])).toEqual([[0, LAST]])
  expect(complement([[0, LAST]])).toEqual([])
  expect(of('ba€a😀')).toEqual([
    [97, 98],
    [0x20ac, 0x20ac],
    [0x1f600, 0x1f600],
  ])
})

it('what can be written is tab and line feed of the controls, no surrogate and no mark of missing bytes', () => {
  const points = {
    tab: 9,
    lf: 10,
    cr: 13,
    nul: 0,
    del: 0x7f,
    nel: 0x85,
    half: 0xd83d,
    missing: 0xfffd,
    a: 97,
    last: LAST,
  }
  const writable = Object.entries(points).filter(([, point]) => has(WRITABLE, point))
  expect(writable.map(([name]) => name)).toEqual(['tab', 'lf', 'cr', 'a', 'last'])
})
