import type { Range } from './expression.ts'

/** Byte ranges, one a byte, that together spell the characters of a range. */
export type Spelling = readonly Range[]

/** Where the number of bytes changes, and the surrogates, which have no UTF-8 (RFC 3629 section 3). */
const PIECES: readonly Range[] = [
  [0, 0x7f],
  [0x80, 0x7ff],
  [0x800, 0xd7ff],
  [0xe000, 0xffff],
  [0x10000, 0x10ffff],
]

/** The UTF-8 of the code points of `ranges`, as Russ Cox cuts them for RE2: every byte varies on its own. */
export function spellings(ranges: readonly Range[]): Spelling[] {
  return ranges.flatMap(([first, last]) =>
    PIECES.flatMap(([from, to]) => {
      const [low, high] = [Math.max(first, from), Math.min(last, to)]
      return low <= high ? cut(low, high) : []
    }),
  )
}

function cut(low: number, high: number): Spelling[] {
  const [a, b] = [encoded(low), encoded(high)]
  for (let tail = 1; tail < a.length; tail++) {
    const mask = (1 << (6 * tail)) - 1
    if ((low & ~mask) === (high & ~mask)) continue
    if ((low & mask) !== 0) return [...cut(low, low | mask), ...cut((low | mask) + 1, high)]
    if ((high & mask) !== mask) return [...cut(low, (high & ~mask) - 1), ...cut(high & ~mask, high)]
  }
  return [a.map((byte, place) => [byte, b[place] ?? 0] as const)]
}

function encoded(point: number): number[] {
  if (point < 0x80) return [point]
  if (point < 0x800) return [0xc0 | (point >> 6), 0x80 | (point & 63)]
  if (point < 0x10000) return [0xe0 | (point >> 12), 0x80 | ((point >> 6) & 63), 0x80 | (point & 63)]
  return [0xf0 | (point >> 18), 0x80 | ((point >> 12) & 63), 0x80 | ((point >> 6) & 63), 0x80 | (point & 63)]
}

/** A spelling, and the state that it leads to. */
export type Move = { readonly bytes: Spelling; readonly to: number }

/**
 * The moves of a state from which each of `all` leads to its own, where no byte leads two ways: spellings that begin alike
 * go on from one state. Those of different characters never begin with ranges that only overlap.
 * @param state Makes the state of some moves (three numbers each: first byte, last byte, next state).
 */
export function movesBy(all: readonly Move[], state: (moves: readonly number[]) => number, at = 0): number[] {
  const moves: number[] = []
  /** By both ends of the range. */
  const longer = new Map<number, Move[]>()
  for (const move of all) {
    const [first, last] = move.bytes[at] ?? [0, -1]
    const key = (first << 8) | last
    const alike = longer.get(key)
    if (at === move.bytes.length - 1) moves.push(first, last, move.to)
    else if (alike !== undefined) alike.push(move)
    else longer.set(key, [move])
  }
  for (const alike of longer.values()) {
    const [first, last] = alike[0]?.bytes[at] ?? [0, -1]
    moves.push(first, last, state(movesBy(alike, state, at + 1)))
  }
  return moves
}

/** Makes states out of moves, equal ones once. */
export function sharedStates(states: number[][]): (moves: readonly number[]) => number {
  const shared = new Map<string, number>()
  return (moves) => {
    const key = moves.join()
    const made = shared.get(key) ?? states.push([...moves]) - 1
    shared.set(key, made)
    return made
  }
}
