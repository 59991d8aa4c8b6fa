import { isDeepStrictEqual } from 'node:util'
import { intersection } from '../grammar/characters.ts'
import { characters, choice, type Expression, repeat, sequence } from '../grammar/expression.ts'

type Lengths = { min: number; max: number }

/**
 * How many characters the matches of `expression` have: at least so many code points, at most so many UTF-16 units. It
 * holds no rules.
 */
export function lengthsOf(expression: Expression): Lengths {
  switch (expression.kind) {
    case 'text': {
      const { text } = expression
      return { min: [...text].length, max: text.length }
    }
    case 'characters':
      return { min: 1, max: (expression.ranges.at(-1)?.[1] ?? 0) > 0xffff ? 2 : 1 }
    case 'sequence': {
      const all = expression.parts.map(lengthsOf)
      return { min: sum(all.map(({ min }) => min)), max: sum(all.map(({ max }) => max)) }
    }
    case 'choice': {
      const all = expression.options.map(lengthsOf)
      return {
        min: Math.min(...all.map(({ min }) => min)),
        max: Math.max(...all.map(({ max }) => max)),
      }
    }
    case 'repeat': {
      const part = lengthsOf(expression.part)
      return { min: part.min * expression.min, max: part.max === 0 ? 0 : part.max * expression.max }
    }
    case 'rule':
    case 'machine':
      throw new Error(`a string holds no ${expression.kind}`)
  }
}

/** Most times a part of varying length is repeated where the whole has a longest length. */
const FEW = 8

/**
 * An expression that matches only texts of `expression` with `min` to `max` characters, or undefined where none was
 * found. It need not match all of them, because room is shared out among the parts that vary.
 */
export function within(expression: Expression, min: number, max: number): Expression | undefined {
  const has = lengthsOf(expression)
  if (has.min >= min && has.max <= max) return expression
  if (has.min > max || has.max < min) return undefined
  const plain = max < Number.POSITIVE_INFINITY ? withoutAstral(expression) : undefined
  return plain === undefined ? cutTo(expression, min, max) : within(plain, min, max)
}

/** The same without characters of two units, or undefined where nothing of it can go. */
function withoutAstral(expression: Expression): Expression | undefined {
  switch (expression.kind) {
    case 'characters': {
      const ranges = intersection(expression.ranges, [[0, 0xffff]])
      return ranges.length === 0 || isDeepStrictEqual(ranges, expression.ranges)
        ? undefined
        : characters(ranges)
    }
    case 'sequence': {
      const parts = replaced(expression.parts)
      return parts && sequence(...parts)
    }
    case 'choice': {
      const options = replaced(expression.options)
      return options && choice(options)
    }
    case 'repeat': {
      const part = withoutAstral(expression.part)
      return part && repeat(part, expression.min, expression.max)
    }
    default:
      return undefined
  }
}

function replaced(all: readonly Expression[]): Expression[] | undefined {
  const found = all.map(withoutAstral)
  if (found.every((one) => one === undefined)) return undefined
  return all.map((one, place) => found[place] ?? one)
}

function cutTo(expression: Expression, min: number, max: number): Expression | undefined {
  if (expression.kind === 'choice') {
    const options = expression.options.flatMap((option) => within(option, min, max) ?? [])
    return options.length === 0 ? undefined : choice(options)
  }
  if (expression.kind === 'sequence') return sequenceWithin(expression.parts, min, max)
  return expression.kind === 'repeat' ? repeatWithin(expression, min, max) : undefined
}

function sequenceWithin(parts: readonly Expression[], min: number, max: number): Expression | undefined {
  const lengths = parts.map(lengthsOf)
  const least = sum(lengths.map((one) => one.min))
  let lacking = min - least
  let spare = max - least
  let varying = lengths.filter((one) => one.max > one.min).length
  const narrowed = parts.map((part, place) => {
    const has = lengths[place] ?? { min: 0, max: 0 }
    if (has.max === has.min) return part
    // The last one that varies takes the rest. The others get an equal share, and more only if they need it.
    const share = varying === 1 ? spare : Math.max(Math.floor(spare / varying), Math.min(lacking, spare))
    const need = Math.max(0, Math.min(lacking, has.max - has.min, share))
    const some = within(part, has.min + need, has.min + share)
    if (some === undefined) return undefined
    const got = lengthsOf(some)
    lacking -= got.min - has.min
    if (spare < Number.POSITIVE_INFINITY) spare -= got.max - has.min
    varying--
    return some
  })
  const found = narrowed.filter((part) => part !== undefined)
  return found.length < parts.length || lacking > 0 ? undefined : sequence(...found)
}

function repeatWithin(
  { part, min: least, max: most }: Extract<Expression, { kind: 'repeat' }>,
  min: number,
  max: number,
): Expression | undefined {
  const has = lengthsOf(part)
  if (has.min === has.max && has.min > 0) {
    const from = Math.max(least, Math.ceil(min / has.min))
    const to = Math.min(most, Math.floor(max / has.min))
    return from > to ? undefined : repeat(part, from, to)
  }
  const times = Math.max(least, Math.min(most, FEW, Math.floor(max / Math.max(1, has.min))))
  if (times === 0) return min === 0 ? repeat(part, 0, 0) : undefined
  const narrowed = within(part, Math.ceil(min / times), Math.floor(max / times))
  return narrowed && repeat(narrowed, min > 0 ? times : least, times)
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
