import { expect, test } from 'vitest'
import { figures, times } from '../../../../bench/edge/figures.ts'
import type { LoadResult } from '../../../../bench/load/closed-loop.ts'

const run = (rps: number, ttfb50: number, us_per_req?: number): LoadResult => ({
  ok: 10,
  errors: 0,
  rps,
  p50: 1,
  p95: 2,
  p99: 3,
  ttfb50,
  ttfb99: 9,
  cpu: us_per_req === undefined ? {} : { target: { us_per_req, core_pct: 100 } },
})

test('a target is so many times another, each round by itself', () => {
  // The machine was half as fast in the second round; the ratio is the same.
  const own = [run(100, 3, 800), run(50, 6, 1600)]
  const bare = [run(400, 1, 200), run(200, 2, 400)]
  expect(times(own, bare)).toEqual({
    rps: { median: 0.25, min: 0.25, max: 0.25 },
    ttfb50: { median: 3, min: 3, max: 3 },
    cpu: { median: 4, min: 4, max: 4 },
  })
  expect(figures(own)).toMatchObject({ rps: { median: 75 }, cpu: { median: 1200, min: 800, max: 1600 } })
})

test('without CPU time there is no multiple of it', () => {
  expect(times([run(100, 3)], [run(400, 1)])).not.toHaveProperty('cpu')
})
