import type { Range } from './expression.ts'

/** Sets of code points: sorted, disjoint ranges, both ends included. */
export type CharacterSet = readonly Range[]

export const LAST = 0x10ffff
const NONE: Range = [0, -1]

export function union(...sets: readonly CharacterSet[]): CharacterSet {
  const [only] = sets
  if (only !== undefined && sets.length === 1 && isInOrder(only)) return only
  const merged: [number, number][] = []
  for (const [first, last] of sets.flat().sort((a, b) => a[0] - b[0])) {
    const before = merged.at(-1)
    if (before !== undefined && first <= before[1] + 1) before[1] = Math.max(before[1], last)
    else merged.push([first, last])
  }
  return merged
}

/** Whether the ranges are sorted, and no two of them could be one. */
function isInOrder(set: CharacterSet): boolean {
  let before = -2
  for (const [first, last] of set) {
    if (first <= before + 1) return false
    before = last
  }
  return true
}

/** Whether a set has a code point. */
export function has(set: CharacterSet, point: number): boolean {
  return set.some(([first, last]) => first <= point && point <= last)
}

export function complement(set: CharacterSet): CharacterSet {
  const rest: Range[] = []
  let from = 0
  for (const [first, last] of union(set)) {
    if (first > from) rest.push([from, first - 1])
    from = last + 1
  }
  if (from <= LAST) rest.push([from, LAST])
  return rest
}

export function intersection(a: CharacterSet, b: CharacterSet): CharacterSet {
  const [left, right] = [union(a), union(b)]
  const common: Range[] = []
  for (let i = 0, j = 0; i < left.length && j < right.length; ) {
    const [one, two] = [left[i] ?? NONE, right[j] ?? NONE]
    const [first, last] = [Math.max(one[0], two[0]), Math.min(one[1], two[1])]
    if (first <= last) common.push([first, last])
    if (one[1] < two[1]) i++
    else j++
  }
  return common
}

export function without(a: CharacterSet, b: CharacterSet): CharacterSet {
  return intersection(a, complement(b))
}

/** The set of the characters of `text`. */
export function of(text: string): CharacterSet {
  return union([...text].map((one) => [one.codePointAt(0) ?? 0, one.codePointAt(0) ?? 0] as const))
}

/**
 * What an answer may be made of: no control characters but tab, line feed and carriage return, no surrogates, and not U+FFFD, which
 * a detokenizer cannot tell from a character that is still missing bytes.
 */
export const WRITABLE: CharacterSet = complement([
  [0, 8],
  [11, 12],
  [14, 31],
  [0x7f, 0x9f],
  [0xd800, 0xdfff],
  [0xfffd, 0xffff],
])
