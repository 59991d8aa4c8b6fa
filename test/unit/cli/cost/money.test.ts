import { describe, expect, it } from 'vitest'
import { dollars, microDollars, priceOf } from '../../../../cli/cost/money.ts'

describe('money', () => {
  it.each([
    ['0', 0],
    ['5.00', 5_000_000],
    ['0.125', 125_000],
    ['0.000001', 1],
    ['186.70', 186_700_000],
  ])('reads a price of %s as %i micro-dollars', (usd, micros) => {
    expect(microDollars(usd)).toBe(micros)
  })

  it.each(['', '.5', '1.', '-1', '1e3', '0.0000001', '$5', '1,000'])('does not read %j as a price', (usd) => {
    expect(() => microDollars(usd)).toThrow(RangeError)
  })

  it('rounds up to the cent, and stays exact where quantity times price is beyond 2^53', () => {
    expect(priceOf(0, 300_000, 1_000_000)).toBe(0)
    expect(priceOf(1, 300_000, 1_000_000)).toBe(10_000)
    expect(priceOf(1_000_000, 300_000, 1_000_000)).toBe(300_000)
    // 9 PB at 0.09 a GB, and one byte more.
    expect(priceOf(9_000_000_000_000_000, 90_000, 1_000_000_000)).toBe(810_000_000_000)
    expect(priceOf(9_000_000_000_000_001, 90_000, 1_000_000_000)).toBe(810_000_010_000)
  })

  it.each([
    [1.5, 1, 1],
    [-1, 1, 1],
    [1, 0.5, 1],
    [2 ** 53, 1, 1],
    [1, 1, 0],
  ])('prices no quantity of %d at %d for each %d', (quantity, price, per) => {
    expect(() => priceOf(quantity, price, per)).toThrow(RangeError)
  })

  it('prints dollars', () => {
    expect(dollars(1_234_500_000)).toBe('$1,234.50')
    expect(dollars(-30_000_000)).toBe('-$30.00')
    expect(dollars(575, 5)).toBe('$0.00058')
  })
})
