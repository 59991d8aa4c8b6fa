import { type CharacterSet, of } from '../grammar/characters.ts'

/**
 * A regular expression as it was read. It has the kinds of an `Expression` that stand for strings, so that those are
 * patterns too, and what an expression has not: conditions on what stands around a place.
 */
export type Pattern =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'characters'; readonly ranges: CharacterSet }
  | { readonly kind: 'sequence'; readonly parts: readonly Pattern[] }
  | { readonly kind: 'choice'; readonly options: readonly Pattern[] }
  | { readonly kind: 'repeat'; readonly part: Pattern; readonly min: number; readonly max: number }
  | Assertion

export type Assertion =
  /** `^`, `$`, `\b` and `\B`. */
  | { readonly kind: 'start' | 'end' | 'boundary' | 'inside' }
  /** `(?=...)` and `(?!...)`. */
  | { readonly kind: 'ahead'; readonly part: Pattern; readonly negated: boolean }

/** Whether a pattern holds a condition on what stands around a place. */
export function hasAssertion(pattern: Pattern): boolean {
  switch (pattern.kind) {
    case 'text':
    case 'characters':
      return false
    case 'sequence':
      return pattern.parts.some(hasAssertion)
    case 'choice':
      return pattern.options.some(hasAssertion)
    case 'repeat':
      return hasAssertion(pattern.part)
    default:
      return true
  }
}

/** Whether a pattern may match no character at all. */
export function mayBeEmpty(pattern: Pattern): boolean {
  switch (pattern.kind) {
    case 'text':
      return pattern.text === ''
    case 'characters':
      return false
    case 'sequence':
      return pattern.parts.every(mayBeEmpty)
    case 'choice':
      return pattern.options.some(mayBeEmpty)
    case 'repeat':
      return pattern.min === 0 || mayBeEmpty(pattern.part)
    default:
      return true
  }
}

/** What all texts begin with in which a pattern is found; undefined where it is not tied to their start. */
export function beginningOf(pattern: Pattern): string | undefined {
  if (pattern.kind !== 'sequence' || pattern.parts[0]?.kind !== 'start') return undefined
  let beginning = ''
  for (const part of pattern.parts.slice(1)) {
    const char = part.kind === 'characters' ? onlyOf(part.ranges) : undefined
    if (part.kind !== 'text' && char === undefined) break
    beginning += part.kind === 'text' ? part.text : char
  }
  return beginning
}

/** A pattern of a whole text that only counts characters of one set, `^.{1,40}$`; undefined for any other. */
export function countOf(pattern: Pattern): Extract<Pattern, { kind: 'repeat' }> | undefined {
  if (pattern.kind !== 'sequence' || pattern.parts.length !== 3) return undefined
  const [start, counted, end] = pattern.parts
  if (start?.kind !== 'start' || end?.kind !== 'end' || counted?.kind !== 'repeat') return undefined
  return counted.part.kind === 'characters' ? counted : undefined
}

function onlyOf([only, ...more]: CharacterSet): string | undefined {
  return only !== undefined && more.length === 0 && only[0] === only[1]
    ? String.fromCodePoint(only[0])
    : undefined
}

/** The sets of characters that a pattern tells apart. */
export function setsOf(pattern: Pattern): CharacterSet[] {
  switch (pattern.kind) {
    case 'text':
      return [...new Set(pattern.text)].map(of)
    case 'characters':
      return [pattern.ranges]
    case 'sequence':
      return pattern.parts.flatMap(setsOf)
    case 'choice':
      return pattern.options.flatMap(setsOf)
    case 'repeat':
    case 'ahead':
      return setsOf(pattern.part)
    case 'boundary':
    case 'inside':
      return [WORD]
    default:
      return []
  }
}

export const DIGIT: CharacterSet = [[48, 57]]

/** What `\w` stands for, and `\b` looks at. */
export const WORD: CharacterSet = [
  [48, 57],
  [65, 90],
  [95, 95],
  [97, 122],
]
