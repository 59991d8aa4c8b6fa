import {
  characters,
  choice,
  type Expression,
  optional,
  repeat,
  sequence,
  text,
} from '../grammar/expression.ts'
import { INTEGER, MOST_DIGITS, NUMBER } from '../grammar/json-text.ts'

/** Bounds of a number; undefined is none. */
export type Bounds = {
  minimum: number | undefined
  maximum: number | undefined
  exclusiveMinimum: number | undefined
  exclusiveMaximum: number | undefined
}

const MOST = 10 ** MOST_DIGITS - 1
/** Digits after the point that a bound may have. */
const MOST_DECIMALS = 9
/** Integers within `bounds`, or undefined where there is none of at most 15 digits. */
export function integerRange(bounds: Bounds): Expression | undefined {
  if (!bounded(bounds)) return INTEGER
  const [first, last] = scaled(bounds, 0)
  return first > last ? undefined : signed(first, last, 0, 0)
}

/**
 * Numbers within `bounds`, or undefined where there is none that can be written with at most 15 digits, 9 of them after
 * the point. The expression allows enough of the range, not all of it.
 * @param least Digits after the point that numbers may have anyway.
 * @param free Digits that may follow the ones that the range fixes. They stay between two numbers of the range, and
 *   rounding to a double keeps order, so that no number of them leaves it.
 */
export function numberRange(bounds: Bounds, least = 0, free = 9): Expression | undefined {
  if (!bounded(bounds)) return NUMBER
  const exclusive = bounds.exclusiveMinimum !== undefined || bounds.exclusiveMaximum !== undefined
  const wanted = Math.max(
    least,
    exclusive ? 1 : 0,
    ...Object.values(bounds).map((bound) => decimalsOf(bound ?? 0)),
  )
  const options: Expression[] = []
  const wholes = scaled(bounds, 0)
  for (let decimals = 0; decimals <= MOST_DECIMALS; decimals++) {
    const [first, last] = scaled(bounds, decimals)
    if (first > last) continue
    if (decimals === 0 || decimals >= wanted) options.push(signed(first, last, decimals, free))
    else {
      // Fewer digits than the bounds have, as people write them: 0.2 from 0.01 on.
      const parts = decimals > free ? [[first, last] as const] : beside(wholes, [first, last], decimals)
      for (const [from, to] of parts) if (from <= to) options.push(signed(from, to, decimals, 0))
    }
    if (decimals >= wanted) break
  }
  return options.length === 0 ? undefined : choice(options)
}

function bounded(bounds: Bounds): boolean {
  return Object.values(bounds).some((bound) => bound !== undefined)
}

function decimalsOf(value: number): number {
  const [, fraction = '', exponent = '0'] = /^-?\d+(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(value)) ?? []
  return Math.min(MOST_DECIMALS, Math.max(0, fraction.length - Number(exponent)))
}

type Ends = readonly [first: number, last: number]

/** The first and last multiple of 10^-decimals within `bounds`, as integers. */
function scaled(bounds: Bounds, decimals: number): Ends {
  const scale = 10 ** decimals
  const at = (bound: number) => Number((bound * scale).toPrecision(MOST_DIGITS))
  const lows = [-MOST]
  const highs = [MOST]
  if (bounds.minimum !== undefined) lows.push(Math.ceil(at(bounds.minimum)))
  if (bounds.exclusiveMinimum !== undefined) lows.push(Math.floor(at(bounds.exclusiveMinimum)) + 1)
  if (bounds.maximum !== undefined) highs.push(Math.floor(at(bounds.maximum)))
  if (bounds.exclusiveMaximum !== undefined) highs.push(Math.ceil(at(bounds.exclusiveMaximum)) - 1)
  let [first, last] = [Math.max(...lows), Math.min(...highs)]
  // Scaling rounds. The number as written and parsed has to be inside.
  const inside = (multiple: number) => isWithin(Number(`${multiple}e-${decimals}`), bounds)
  while (first <= last && !inside(first)) first++
  while (first <= last && !inside(last)) last--
  return [first, last]
}

function isWithin(value: number, bounds: Bounds): boolean {
  return (
    value >= (bounds.minimum ?? value) &&
    value <= (bounds.maximum ?? value) &&
    (bounds.exclusiveMinimum === undefined || value > bounds.exclusiveMinimum) &&
    (bounds.exclusiveMaximum === undefined || value < bounds.exclusiveMaximum)
  )
}

/**
 * The multiples of 10^-decimals from `first` to `last` that are not between the first and last whole number: those between are
 * whole numbers with digits after them, and each number more that a text may be is one more to follow.
 */
function beside([lowest, highest]: Ends, [first, last]: Ends, decimals: number): Ends[] {
  if (lowest > highest) return [[first, last]]
  const scale = 10 ** decimals
  return [
    [first, Math.min(last, lowest * scale)],
    [Math.max(first, highest * scale), last],
  ]
}

/** Multiples of 10^-decimals from `first` to `last`, with up to `free` digits more after them. */
function signed(first: number, last: number, decimals: number, free: number): Expression {
  const options: Expression[] = []
  if (last >= 0) options.push(magnitudes(Math.max(0, first), last, decimals, free))
  if (first < 0) {
    options.push(sequence(text('-'), magnitudes(Math.max(1, -last), -first, decimals, free)))
    // Between the last before zero and zero.
    if (free > 0 && last >= 0)
      options.push(sequence(text(`-0.${'0'.repeat(decimals)}`), repeat(DIGIT, 1, free)))
  }
  return choice(options)
}

function magnitudes(first: number, last: number, decimals: number, free: number): Expression {
  if (free === 0 || first === last) return digits(first, last, decimals)
  const more = sequence(decimals === 0 ? text('.') : text(''), repeat(DIGIT, 1, free))
  return choice([sequence(digits(first, last - 1, decimals), optional(more)), digits(last, last, decimals)])
}

const DIGIT = characters([[48, 57]])

/** The decimal numbers `first` to `last`, a point before the last `decimals` digits, no zeros that say nothing. */
function digits(first: number, last: number, decimals: number): Expression {
  const shortest = decimals + 1
  const options: Expression[] = []
  for (let width = shortest; width <= MOST_DIGITS; width++) {
    const low = Math.max(first, width === shortest ? 0 : 10 ** (width - 1))
    const high = Math.min(last, 10 ** width - 1)
    if (low > high) continue
    const pad = (value: number) => String(value).padStart(width, '0')
    options.push(between(pad(low), pad(high), width - decimals))
  }
  return choice(options)
}

/** Digit strings from `low` to `high`, of one length; a point stands before position `point` from here. */
function between(low: string, high: string, point: number): Expression {
  if (low === '') return text('')
  const before = point === 0 ? text('.') : text('')
  const [a, b] = [Number(low[0]), Number(high[0])]
  const rest = low.length - 1
  const next = (from: string, to: string) => between(from, to, point - 1)
  const [zeros, nines] = ['0'.repeat(rest), '9'.repeat(rest)]
  if (low.slice(1) === zeros && high.slice(1) === nines)
    return sequence(before, oneOf(a, b), anyDigits(rest, point - 1))
  if (a === b) return sequence(before, oneOf(a, a), next(low.slice(1), high.slice(1)))
  const options = [sequence(oneOf(a, a), next(low.slice(1), nines))]
  if (b - a > 1) options.push(sequence(oneOf(a + 1, b - 1), anyDigits(rest, point - 1)))
  options.push(sequence(oneOf(b, b), next(zeros, high.slice(1))))
  return sequence(before, choice(options))
}

function oneOf(first: number, last: number): Expression {
  return first === last ? text(String(first)) : characters([[48 + first, 48 + last]])
}

function anyDigits(count: number, point: number): Expression {
  if (point < 0 || point >= count) return repeat(DIGIT, count, count)
  return sequence(repeat(DIGIT, point, point), text('.'), repeat(DIGIT, count - point, count - point))
}
