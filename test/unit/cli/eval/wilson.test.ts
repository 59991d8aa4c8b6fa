import { expect, it } from 'vitest'
import { wilson } from '../../../../cli/eval/wilson.ts'

// Newcombe 1998, table I, method 3 (score without continuity correction).
it.each([
  [81, 263, 0.2553, 0.3662],
  [15, 148, 0.0624, 0.1605],
  [0, 20, 0, 0.1611],
  [1, 29, 0.0061, 0.1718],
])('%d of %d lie between %d and %d', (good, all, low, high) => {
  const [from, to] = wilson(good, all)
  expect(from).toBeCloseTo(low, 4)
  expect(to).toBeCloseTo(high, 4)
})

it('of nothing says nothing, and all good is not certain', () => {
  expect(wilson(0, 0)).toEqual([0, 1])
  expect(wilson(3, 3)[1]).toBe(1)
  expect(wilson(3, 3)[0]).toBeLessThan(0.5)
})
