import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Expression } from '../../../../../../inference-host/decoding/structure/grammar/expression.ts'
import {
  type Bounds,
  integerRange,
  numberRange,
} from '../../../../../../inference-host/decoding/structure/schema/number-range.ts'

/** The same language as a regular expression: a range of numbers holds no rules. */
function regexOf(expression: Expression): string {
  switch (expression.kind) {
    case 'text':
      return expression.text.replaceAll('.', '\\.')
    case 'characters':
      return `[${expression.ranges.map(([first, last]) => `${String.fromCodePoint(first)}-${String.fromCodePoint(last)}`).join('')}]`
    case 'sequence':
      return expression.parts.map(regexOf).join('')
    case 'choice':
      return `(?:${expression.options.map(regexOf).join('|')})`
    case 'repeat':
      return `(?:${regexOf(expression.part)}){${expression.min},${expression.max}}`
    default:
      throw new Error(`a number holds no ${expression.kind}`)
  }
}
const matcher = (expression: Expression | undefined) =>
  expression === undefined ? undefined : new RegExp(`^(?:${regexOf(expression)})$`)

const bounds = (changes: Partial<Bounds>): Bounds => ({
  minimum: undefined,
  maximum: undefined,
  exclusiveMinimum: undefined,
  exclusiveMaximum: undefined,
  ...changes,
})
const isWithin = (value: number, { minimum, maximum, exclusiveMinimum, exclusiveMaximum }: Bounds) =>
  value >= (minimum ?? value) &&
  value <= (maximum ?? value) &&
  (exclusiveMinimum === undefined || value > exclusiveMinimum) &&
  (exclusiveMaximum === undefined || value < exclusiveMaximum)

describe('a range of integers', () => {
  it('is every integer in it and no other', () => {
    const bound = fc.integer({ min: -1200, max: 1200 }).map((value) => value / 2)
    fc.assert(
      fc.property(bound, bound, fc.boolean(), (a, b, exclusive) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)]
        const range = bounds(
          exclusive ? { exclusiveMinimum: low, exclusiveMaximum: high } : { minimum: low, maximum: high },
        )
        const regex = matcher(integerRange(range))
        for (let value = Math.floor(low) - 12; value <= high + 12; value++)
          expect(regex?.test(String(value)) ?? false, `${value} in ${low}..${high}`).toBe(
            isWithin(value, range),
          )
      }),
      { numRuns: 100, seed: 5 },
    )
  })

  it('has no zeros that say nothing, and is none where nothing fits', () => {
    const regex = matcher(integerRange(bounds({ minimum: 0, maximum: 100 })))
    expect(['00', '007', '-0', '+1', '1.0', '1e1'].filter((text) => regex?.test(text))).toEqual([])
    expect(integerRange(bounds({ minimum: 2, exclusiveMaximum: 2 }))).toBeUndefined()
    expect(integerRange(bounds({ exclusiveMinimum: 1, exclusiveMaximum: 2 }))).toBeUndefined()
  })
})

describe('a range of numbers', () => {
  it('holds nothing that lies outside, and both ends where they belong to it', () => {
    const bound = fc.integer({ min: -500, max: 500 }).map((value) => value / 100)
    fc.assert(
      fc.property(bound, bound, (a, b) => {
        const range = bounds({ minimum: Math.min(a, b), maximum: Math.max(a, b) })
        const regex = matcher(numberRange(range))
        // With the digits of one bound, which the other may have fewer of.
        for (const end of [a, b])
          expect(
            [0, 1, 2].some(
              (digits) => regex?.test(end.toFixed(digits)) && Number(end.toFixed(digits)) === end,
            ),
          ).toBe(true)
        for (let hundredths = -600; hundredths <= 600; hundredths += 7) {
          const text = String(hundredths / 100)
          if (regex?.test(text)) expect(isWithin(Number(text), range), `${text} in ${a}..${b}`).toBe(true)
        }
        for (let tenths = -60; tenths <= 60; tenths++) {
          const text = String(tenths / 10)
          expect(regex?.test(text) ?? false, `${text} in ${a}..${b}`).toBe(isWithin(Number(text), range))
        }
      }),
      { numRuns: 60, seed: 6 },
    )
  })

  it('of which the ends are left out lies between them', () => {
    const regex = matcher(numberRange(bounds({ exclusiveMinimum: 1, exclusiveMaximum: 2 })))
    expect(['1', '2', '1.0', '1.5'].map((text) => regex?.test(text))).toEqual([false, false, false, true])
  })
})

it.each([
  [bounds({ minimum: 0.01, maximum: 1 }), ['0.2', '0.01', '0.015', '1'], ['0', '0.0', '0.009', '1.1']],
  [bounds({ minimum: 0.25, maximum: 1 }), ['0.5', '0.3', '0.255'], ['0.2', '0.24']],
  [
    bounds({ minimum: -0.05, maximum: 0.5 }),
    ['-0.05', '-0.004', '0.1', '0'],
    ['-0.06', '-0.051', '-0.1', '0.6'],
  ],
])(
  'writes fewer decimals than the bounds have, and values between the last before zero and zero: %j',
  (of, ins, outs) => {
    const matches = matcher(numberRange(of))
    expect(ins.filter((text) => !matches?.test(text))).toEqual([])
    expect(outs.filter((text) => matches?.test(text))).toEqual([])
  },
)
