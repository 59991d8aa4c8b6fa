import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  decimalOf,
  decimalText,
  isMultiple,
  unitsOf,
} from '../../../../../../inference-host/decoding/structure/schema/decimal.ts'

test.each([
  [0, 0n, 0],
  [0.1, 1n, 1],
  [-2.5, -25n, 1],
  [1200, 12n, -2],
  [1e21, 1n, -21],
  [1.5e-7, 15n, 8],
])('%d is %i of 10^-%i', (value, digits, decimals) => {
  expect(decimalOf(value)).toEqual({ digits, decimals })
})

test('a number is written as JSON writes it, and read again', () => {
  fc.assert(
    fc.property(fc.double({ noDefaultInfinity: true, noNaN: true, min: -1e15, max: 1e15 }), (value) => {
      const { digits, decimals } = decimalOf(value)
      expect(Number(decimalText(digits, decimals))).toBe(value + 0)
    }),
    { seed: 9 },
  )
})

describe('a multiple is one in decimal', () => {
  test.each([
    [0.3, 0.1, true],
    [0.35, 0.1, false],
    [19.99, 0.01, true],
    [7, 3.5, true],
    [-9, 3, true],
    [0, 17, true],
    [1e15, 1024, true],
    [1e15 + 1, 1024, false],
  ])('%d of %d: %s', (value, of, expected) => {
    expect(isMultiple(value, of)).toBe(expected)
  })
})

test('units that a decimal does not have are none', () => {
  expect(unitsOf(decimalOf(0.25), 1)).toBeUndefined()
  expect(unitsOf(decimalOf(0.25), 3)).toBe(250n)
})
