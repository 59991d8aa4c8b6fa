import { choice, type Expression, text } from '../expression.ts'
import { MOST_DIGITS } from '../json-text.ts'
import { createBudget, TooLarge } from '../language/budget.ts'
import { type Condition, languageOf } from '../language/language.ts'
import type { Pattern } from '../language/pattern.ts'
import { type Path, refuse } from '../refusal.ts'
import { patternOf } from '../regex.ts'
import { decimalOf, decimalText, isMultiple, unitsOf } from './decimal.ts'
import { type Bounds, FREE_DIGITS, integerRange, numberRange } from './number-range.ts'
import { isObject, type Keywords, listOf, severalOf } from './schema.ts'
import type { Scope } from './scope.ts'

/** Multiples that are listed one by one, rather than recognized by their digits. */
const MOST_LISTED = 2000
/** A multiple of more units than this is listed: as many rests would have to be told apart. */
const MOST_RESTS = 256
/** Digits after the point that a number can have to have, so that parsers still tell its multiples apart. */
const MOST_DECIMALS = 9

/** What a number must not be: some values, and multiples of some. */
type Excluded = { readonly values: readonly number[]; readonly multiples: readonly number[] }

/** @throws TwohopError where no number is left, or there are too many to tell apart. */
export function numberOf(type: 'integer' | 'number', schema: Keywords, path: Path, scope: Scope): Expression {
  const multiples = severalOf(schema.multipleOf).map(Number)
  const whole = type === 'integer' || multiples.some((of) => Number.isInteger(of))
  const excluded = excludedFrom(schema)
  const bounds = boundsOf(schema)
  // An integer is a multiple of 1 and of what divides 1.
  const steps = multiples.filter((of) => !(whole && isMultiple(1, of)))
  if (steps.length === 0 && excluded.values.length + excluded.multiples.length === 0) {
    const range = whole ? integerRange(bounds) : numberRange(bounds)
    if (range === undefined) throw refuse(path, 'No number of at most 15 digits is in this range.')
    return range
  }
  const few = listed(steps, whole, bounds, excluded)
  const found =
    few === undefined
      ? told(steps, whole, bounds, excluded, path, scope)
      : few.length > 0
        ? choice(few.map(text))
        : undefined
  if (found === undefined)
    throw refuse([...path, 'multipleOf'], 'No number is left by "multipleOf" and its neighbours.')
  return found
}

function boundsOf(schema: Keywords): Bounds {
  const bound = (keyword: keyof Bounds) => {
    const value = schema[keyword]
    return typeof value === 'number' ? value : undefined
  }
  return {
    minimum: bound('minimum'),
    maximum: bound('maximum'),
    exclusiveMinimum: bound('exclusiveMinimum'),
    exclusiveMaximum: bound('exclusiveMaximum'),
  }
}

function excludedFrom(schema: Keywords): Excluded {
  const nots = severalOf(schema.not).filter(isObject)
  return {
    values: nots.flatMap((not) => listOf(not.enum).filter((value) => typeof value === 'number')),
    multiples: nots.flatMap((not) => (typeof not.multipleOf === 'number' ? [not.multipleOf] : [])),
  }
}

function isFree(value: number, { values, multiples }: Excluded): boolean {
  return !values.includes(value) && !multiples.some((of) => isMultiple(value, of))
}

/**
 * The multiples one by one, from the bound that is nearest to zero, where they are few or far apart; undefined where
 * their digits tell them.
 */
function listed(
  steps: readonly number[],
  whole: boolean,
  bounds: Bounds,
  excluded: Excluded,
): string[] | undefined {
  const [step] = [...steps].sort((a, b) => b - a)
  if (step === undefined) return undefined
  const { digits, decimals } = decimalOf(step)
  const size = 10 ** MOST_DIGITS
  const low = Math.ceil(Math.max(bounds.minimum ?? -size, bounds.exclusiveMinimum ?? -size) / step)
  const high = Math.floor(Math.min(bounds.maximum ?? size, bounds.exclusiveMaximum ?? size) / step)
  const units = digits * 10n ** BigInt(Math.max(0, -decimals))
  const tooMany = high - low >= MOST_LISTED
  if (tooMany && (units <= BigInt(MOST_RESTS) || decimals > MOST_DECIMALS)) return undefined
  // A little more than the bounds, whose quotients are rounded; each value is held against them.
  const from = tooMany ? Math.max(low - 1, Math.min(0, high + 1 - MOST_LISTED)) : low - 1
  const texts: string[] = []
  for (let times = from; times <= Math.min(high + 1, from + MOST_LISTED); times++) {
    const written = decimalText(BigInt(times) * digits, decimals)
    const value = Number(written)
    if (
      inBounds(value, bounds) &&
      steps.every((of) => isMultiple(value, of)) &&
      (!whole || Number.isInteger(value)) &&
      isFree(value, excluded)
    )
      texts.push(written)
  }
  return texts
}

function inBounds(value: number, bounds: Bounds): boolean {
  return (
    Math.abs(value) < 10 ** MOST_DIGITS &&
    value >= (bounds.minimum ?? value) &&
    value <= (bounds.maximum ?? value) &&
    (bounds.exclusiveMinimum === undefined || value > bounds.exclusiveMinimum) &&
    (bounds.exclusiveMaximum === undefined || value < bounds.exclusiveMaximum)
  )
}

/** The numbers that their digits tell from the others. @throws TwohopError where that takes too much */
function told(
  steps: readonly number[],
  whole: boolean,
  bounds: Bounds,
  excluded: Excluded,
  path: Path,
  scope: Scope,
): Expression | undefined {
  const decimals = Math.max(0, ...[...steps, ...excluded.multiples].map((of) => decimalOf(of).decimals))
  const negated = (of: number) => excluded.multiples.includes(of)
  const conditions: Condition[] = []
  for (const of of [...steps, ...excluded.multiples]) {
    const units = unitsOf(decimalOf(of), decimals)
    if (units === undefined || units > BigInt(MOST_RESTS) || decimals > MOST_DECIMALS)
      throw refuse(
        [...path, 'multipleOf'],
        `"multipleOf" is too large or too fine to be followed beside its neighbours.`,
      )
    conditions.push({ kind: 'multiple', of: Number(units), decimals, negated: negated(of) })
  }
  for (const value of excluded.values)
    conditions.push({ kind: 'pattern', pattern: spellingsOf(value), whole: true, negated: true })
  // As many digits as a double keeps, those after the point among them.
  const most = 10 ** (MOST_DIGITS - Math.max(decimals, FREE_DIGITS)) - 1
  const narrower: Bounds = {
    ...bounds,
    minimum: Math.max(bounds.minimum ?? -most, -most),
    maximum: Math.min(bounds.maximum ?? most, most),
  }
  const range = whole ? integerRange(bounds) : numberRange(narrower, decimals)
  if (range === undefined) return undefined
  try {
    return languageOf(
      [{ kind: 'pattern', pattern: patternOf(range), whole: true, negated: false }, ...conditions],
      { quote: '', escapes: new Map() },
      createBudget(undefined, scope.budget),
    )
  } catch (error) {
    if (!(error instanceof TooLarge)) throw error
    throw refuse(
      [...path, steps.length > 0 ? 'multipleOf' : 'not'],
      'These numbers are too many to be told apart.',
    )
  }
}

/** Every way to write a value. */
function spellingsOf(value: number): Pattern {
  const { digits, decimals } = decimalOf(value)
  const written = decimalText(digits, decimals)
  const zeros: Pattern = {
    kind: 'repeat',
    part: { kind: 'text', text: '0' },
    min: written.includes('.') ? 0 : 1,
    max: Number.POSITIVE_INFINITY,
  }
  const point: Pattern = { kind: 'text', text: '.' }
  const rest: Pattern = written.includes('.') ? zeros : { kind: 'sequence', parts: [point, zeros] }
  const sign: Pattern = {
    kind: 'repeat',
    part: { kind: 'text', text: '-' },
    min: 0,
    max: value === 0 ? 1 : 0,
  }
  return {
    kind: 'sequence',
    parts: [sign, { kind: 'text', text: written }, { kind: 'repeat', part: rest, min: 0, max: 1 }],
  }
}
