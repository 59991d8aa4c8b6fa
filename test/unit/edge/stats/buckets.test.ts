import fc from 'fast-check'
import { expect, it } from 'vitest'
import { BUCKETS_MS, bucketOf, quantile } from '../../../../edge/stats/buckets.ts'

const histogramOf = (times: readonly number[]) => ({
  counts: Array.from(
    { length: BUCKETS_MS.length + 1 },
    (_, i) => times.filter((ms) => bucketOf(ms) === i).length,
  ),
  sumMs: times.reduce((sum, ms) => sum + ms, 0),
})

it('counts a time in the first bucket whose bound it does not exceed', () => {
  expect([0, 5, 6, 10, 300_000, 300_001, 1e12].map(bucketOf)).toEqual([0, 0, 1, 1, 15, 16, 16])
})

it('says a share of nothing is no time, and beyond the last bound is that bound', () => {
  expect(quantile(histogramOf([]), 0.5)).toBeUndefined()
  expect(quantile(histogramOf([1e9]), 0.99)).toBe(300_000)
})

it('spreads times evenly within a bucket', () => {
  expect(quantile(histogramOf([600, 600, 600, 600]), 0.5)).toBe(750)
  expect(quantile(histogramOf([600, 600, 600, 600]), 1)).toBe(1000)
})

it('is off by no more than the bucket in which the true time is', () => {
  const times = fc.array(fc.integer({ min: 0, max: 300_000 }), { minLength: 1, maxLength: 50 })
  fc.assert(
    fc.property(times, fc.constantFrom(0.5, 0.95, 0.99), (all, share) => {
      const sorted = all.toSorted((a, b) => a - b)
      const exact = sorted[Math.ceil(share * sorted.length) - 1] ?? 0
      const bucket = bucketOf(exact)
      const said = quantile(histogramOf(all), share) ?? Number.NaN
      expect(said).toBeGreaterThanOrEqual(BUCKETS_MS[bucket - 1] ?? 0)
      expect(said).toBeLessThanOrEqual(BUCKETS_MS[bucket] ?? Number.NaN)
    }),
  )
})
