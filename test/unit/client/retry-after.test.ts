import { expect, it } from 'vitest'
import { retryAfterSeconds } from '../../../client/retry-after.ts'

it('reads seconds and dates, and nothing else', () => {
  expect(['1', ' 30 ', '0', '-5', '1.5'].map(retryAfterSeconds)).toEqual([1, 30, 0, 0, 1.5])
  expect([null, undefined, '', ' ', 'soon', 'Infinity', 5].map(retryAfterSeconds)).toEqual(
    Array(7).fill(undefined),
  )
  expect(retryAfterSeconds(new Date(Date.now() + 90_000).toUTCString())).toBeGreaterThan(87)
  expect(retryAfterSeconds(new Date(Date.now() + 90_000).toUTCString())).toBeLessThan(92)
  expect(retryAfterSeconds('Thu, 01 Jan 2026 00:00:00 GMT')).toBe(0)
})
