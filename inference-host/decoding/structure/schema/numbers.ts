import { choice, type Expression, text } from '../grammar/expression.ts'
import { MOST_DIGITS } from '../grammar/json-text.ts'
import { type Path, refuse, refuseNothing } from '../grammar/refusal.ts'
import { type Budget, TooLarge } from '../language/budget.ts'
import { type Condition, languageOf } from '../language/language.ts'
import type { Pattern } from '../language/pattern.ts'
import { patternOf } from '../language/regex.ts'
import { decimalOf, decimalText, isMultiple, unitsOf } from './decimal.ts'
import { boundsOf } from './number-formats.ts'
import { type Bounds, integerRange, numberRange } from './number-range.ts'
import { isObject, type Keywords, listOf, severalOf } from './schema.ts'
import type { Scope } from './scope.ts'

/** Multiples that are listed one by one, rather than recognized by their digits. */
const MOST_LISTED = 1000
/** What one of them takes, as part of the budget. */
const LISTED_STEPS = 4
/** Rests that are told apart, at each of the digits; and the fewest digits for which that is done. */
const MOST_RESTS = 300
const FEWEST_DIGITS = 5
/** Digits after the point that a number can have to have, so that parsers still tell its multiples apart. */
const MOST_DECIMALS = 9

/** Digits after the point that a number may have beyond those of its multiples. They take room from those before it. */
const FREE_DECIMALS = 4

/** What a number must not be: some values, and multiples of some. */
type Excluded = { readonly values: readonly number[]; readonly multiples: readonly number[] }

/** @throws TwohopError where no number is left, or there are too many to tell apart. */
export function numberOf(type: 'integer' | 'number', schema: Keywords, path: Path, scope: Scope): Expression {
  const multiples = severalOf(schema.multipleOf).map(Number)
  const { bounds, whole: asked } = boundsOf(schema)
  const whole = type === 'integer' || asked || multiples.some((of) => Number.isInteger(of))
  const excluded = excludedFrom(schema)
  // An integer is a multiple of 1 and of what divides 1.
  const steps = multiples.filter((of) => !(whole && isMultiple(1, of)))
  if (steps.length === 0 && excluded.values.length + excluded.multiples.length === 0) {
    const range = whole ? integerRange(bounds) : numberRange(bounds)
    if (range === undefined) throw refuseNothing(path, 'No number of at most 15 digits is in this range.')
    return range
  }
  const rules: NumberRules = { steps, whole, bounds, excluded }
  return scope.remembered(`numbers ${JSON.stringify(rules)}`, () => {
    const keyword = [...path, multiples.length > 0 ? 'multipleOf' : 'not']
    try {
      const found = chosen(rules, keyword, scope)
      if (found !== undefined) return found
    } catch (error) {
      if (!(error instanceof TooLarge)) throw error
      throw refuse(keyword, 'These numbers are too many to be told apart.')
    }
    throw refuseNothing(keyword, `No number is left by "${keyword.at(-1)}" and its neighbours.`)
  })
}

/** What a number has to be: a multiple of all `steps`, an integer or not. */
type NumberRules = {
  readonly steps: readonly number[]
  readonly whole: boolean
  readonly bounds: Bounds
  readonly excluded: Excluded
}

function chosen(rules: NumberRules, path: Path, scope: Scope): Expression | undefined {
  const few = listed(rules, scope.budget)
  if (few === undefined) return told(rules, path, scope)
  return few.length > 0 ? choice(few.map(text)) : undefined
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
function listed({ steps, whole, bounds, excluded }: NumberRules, budget: Budget): string[] | undefined {
  const [step] = [...steps].sort((a, b) => b - a)
  if (step === undefined) return undefined
  const { digits, decimals } = decimalOf(step)
  const size = 10 ** MOST_DIGITS
  const low = Math.ceil(Math.max(bounds.minimum ?? -size, bounds.exclusiveMinimum ?? -size) / step)
  const high = Math.floor(Math.min(bounds.maximum ?? size, bounds.exclusiveMaximum ?? size) / step)
  const tooMany = high - low >= MOST_LISTED
  if (tooMany && (digits * BigInt(FEWEST_DIGITS) <= BigInt(MOST_RESTS) || decimals > MOST_DECIMALS))
    return undefined
  budget.spend(LISTED_STEPS * Math.min(MOST_LISTED, Math.max(0, high - low + 2)))
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
  { steps, whole, bounds, excluded }: NumberRules,
  path: Path,
  scope: Scope,
): Expression | undefined {
  const all = [
    ...steps.map((of) => ({ of, negated: false })),
    ...excluded.multiples.map((of) => ({ of, negated: true })),
  ]
  const decimals = Math.max(0, ...all.map(({ of }) => decimalOf(of).decimals))
  let places = MOST_DIGITS - Math.max(decimals, FREE_DECIMALS)
  const conditions: Condition[] = []
  for (const { of, negated } of all) {
    const { digits, decimals: own } = decimalOf(of)
    const units = own < 0 && decimals === 0 ? digits : unitsOf({ digits, decimals: own }, decimals)
    if (units === undefined || units * BigInt(FEWEST_DIGITS) > BigInt(MOST_RESTS) || decimals > MOST_DECIMALS)
      throw refuse(path, '"multipleOf" is too large or too fine to be followed beside its neighbours.')
    places = Math.min(places, Math.floor(MOST_RESTS / Number(units)))
    const zeros = own < 0 && decimals === 0 ? -own : 0
    conditions.push({ kind: 'multiple', of: Number(units), decimals, zeros, negated })
  }
  for (const value of excluded.values)
    conditions.push({ kind: 'pattern', pattern: spellingsOf(value), whole: true, negated: true })
  // As many digits as a double keeps, those after the point among them, and as rests can be told apart at.
  const zeros = Math.max(0, ...conditions.map((one) => (one.kind === 'multiple' ? one.zeros : 0)))
  const most = 10 ** Math.min(MOST_DIGITS, places + zeros) - 1
  const narrower: Bounds = {
    ...bounds,
    minimum: Math.max(bounds.minimum ?? -most, -most),
    maximum: Math.min(bounds.maximum ?? most, most),
  }
  const range = whole ? integerRange(narrower) : numberRange(narrower, decimals, FREE_DECIMALS)
  if (range === undefined) return undefined
  return languageOf(
    [{ kind: 'pattern', pattern: patternOf(range), whole: true, negated: false }, ...conditions],
    { quote: '', escapes: new Map() },
    scope.budget,
  )
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
