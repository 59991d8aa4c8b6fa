import { describe, expect, test } from 'vitest'
import { allows } from '../../../../../inference-host/decoding/sampling/token-mask.ts'
import type { Cell } from '../../../../../inference-host/decoding/structure/cell.ts'
import { createCells, inOrder } from '../../../../../inference-host/decoding/structure/cells.ts'
import { readVocabulary } from '../../../../../inference-host/decoding/structure/vocabulary.ts'
import { bind, schemaStructure } from '../../../../fixtures/structure/drive.ts'

/** A token for each byte, and one that ends with a character of two units of UTF-16. */
const PIECE = 'a😀'
const pieces = [
  ...Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).padStart(2, '0')}>`),
  PIECE,
]
const vocabulary = readVocabulary(
  {
    model: { vocab: Object.fromEntries(pieces.map((piece, id) => [piece, id])), byte_fallback: true },
    decoder: null,
  },
  pieces.length,
)

/** Whether a token may follow `written` characters of a string with these lengths. */
function mayFollow(token: number, lengths: object, written: number): boolean {
  const matcher = bind(schemaStructure({ type: 'string', ...lengths }), vocabulary).start(1_000_000)
  for (const byte of Buffer.from(`"${'a'.repeat(written)}`)) matcher.accept(byte)
  const mask = new Int32Array(Math.ceil(vocabulary.tokens.length / 32))
  matcher.next(mask, 1_000_000)
  if (allows(mask, token)) matcher.accept(token)
  return allows(mask, token)
}

test.each<[string, object, number, boolean, boolean]>([
  ['with room for all lengths', { minLength: 40, maxLength: 400 }, 0, true, true],
  ['of one length, far from its end', { minLength: 400, maxLength: 400 }, 0, false, false],
  ['with one unit to spare', { minLength: 400, maxLength: 401 }, 0, true, true],
  ['with three units left', { maxLength: 400 }, 397, true, true],
  ['with two units left', { maxLength: 400 }, 398, true, false],
  ['with one unit left', { maxLength: 400 }, 399, false, false],
])('a character of two units is offered just where it fits: %s', (_, lengths, written, begun, whole) => {
  expect(mayFollow(0xf0, lengths, written)).toBe(begun)
  expect(mayFollow(pieces.length - 1, lengths, written)).toBe(whole)
})

test('both counts are exact at the end', () => {
  expect(mayFollow(0x22, { minLength: 2, maxLength: 3 }, 1)).toBe(false)
  expect(mayFollow(0xf0, { minLength: 2, maxLength: 3 }, 1)).toBe(true)
  expect(mayFollow(0xf0, { minLength: 3, maxLength: 3 }, 1)).toBe(false)
})

describe('the order of cells', () => {
  const DEPTH = 5000
  const { cell } = createCells(
    { nodes: [{ kind: 'leaf', moves: [[]], spelled: false }], root: 0 },
    { ofNode: Float64Array.of(1), ofRest: [Float64Array.of(1)], nextToken: [Int32Array.of(0)], ofUnits: [] },
    9,
  )

  /** A pile of cells upon one whose counter is `left`; the one in the middle has the counter `middle`. */
  function pile(left: number, middle = 1): Cell {
    let top = cell(0, 0, left, null)
    for (let at = 1; at < DEPTH; at++) top = cell(0, 0, at === DEPTH / 2 ? middle : 1, top)
    return top
  }

  test('is of the lowest counter that differs, however many cells lie upon it', () => {
    const piles = [pile(3, 1), pile(2, 1), pile(2, 7), pile(Number.POSITIVE_INFINITY), pile(0)]
    const sorted = piles.toSorted(inOrder).map((one) => piles.indexOf(one))
    expect(sorted).toEqual([4, 1, 2, 0, 3])
    expect(inOrder(pile(2), piles[1] ?? pile(0))).toBe(0)
  })

  test('is found by a look at few of them', () => {
    let looks = 0
    const watched = new WeakMap<Cell, Cell>()
    const watch = (one: Cell): Cell => {
      const known = watched.get(one)
      if (known !== undefined) return known
      const proxy: Cell = new Proxy(one, {
        get(target, name) {
          const value = Reflect.get(target, name)
          if (name !== 'next' && name !== 'below') return value
          looks++
          return value && watch(value)
        },
      })
      watched.set(one, proxy)
      return proxy
    }
    expect(inOrder(watch(pile(1)), watch(pile(2)))).toBeLessThan(0)
    expect(looks).toBeLessThan(12 * Math.log2(DEPTH) * 2)
  })
})
