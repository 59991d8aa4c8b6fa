import { describe, expect, it } from 'vitest'
import { billAt, outlookOf } from '../../../../edge/stats/outlook.ts'
import type { MonthSoFar } from '../../../../edge/stats/port.ts'

const bills = [
  { load: 0.5, usd: 100 },
  { load: 1, usd: 120 },
  { load: 2, usd: 220 },
]

it.each([
  [0, 100],
  [0.5, 100],
  [0.75, 110],
  [1, 120],
  [1.5, 170],
  [2, 220],
  [4, 440],
])('the bill at %s times the load is $%s', (load, usd) => {
  expect(billAt(bills, load)).toBe(usd)
})

const forecast = { combination: 'x', requests: 1000, prompt_tokens: 0, output_tokens: 50_000, bills }
const sums = (requests: number, outputTokens: number) => ({
  ...{ requests, prompt_tokens: 9, output_tokens: outputTokens, failed: 0, units: 7 },
})

it('a month costs what the forecast has for its load, by its measure that is furthest above', () => {
  // Half of November has passed. The rest goes as the last seven days and a half: 40 requests and 2000 tokens a day.
  const at = Date.UTC(2026, 10, 16)
  const recent = { used: { ...sums(280, 14_000), prompt_tokens: 7 }, from: '2026-11-09' }
  expect(outlookOf(at, { used: sums(400, 50_000), recent }, forecast)).toEqual([
    { what: 'requests', so_far: 400, due: 500, at_this_rate: 1000, forecast: 1000 },
    { what: 'prompt_tokens', so_far: 9, due: 0, at_this_rate: 24, forecast: 0 },
    { what: 'output_tokens', so_far: 50_000, due: 25_000, at_this_rate: 80_000, forecast: 50_000 },
    { what: 'usd', so_far: 110, due: 60, at_this_rate: 180, forecast: 120 },
  ])
})

describe('at this rate', () => {
  const costs = (at: number, used: ReturnType<typeof sums>, recent: MonthSoFar['recent']) =>
    outlookOf(at, { used, recent }, forecast).find(({ what }) => what === 'usd')?.at_this_rate

  it('a month that has just begun costs what the last one did, whatever its first minutes bring', () => {
    const before = { used: sums(7 * 40, 0), from: '2026-11-24' }
    const noted = [0, 1, 4].map((requests) =>
      costs(Date.UTC(2026, 11, 1, 0, 5), sums(requests, 0), {
        ...before,
        used: sums(7 * 40 + requests, 0),
      }),
    )
    // 40 requests a day are 1240 in December. By the month alone, one in its first five minutes would be 8928: $982.
    expect(noted.map((usd) => Math.round(usd ?? 0))).toEqual([144, 144, 146])
  })

  it('a deployment of today is taken to have used in a day what it has used', () => {
    const first = costs(Date.UTC(2026, 11, 1, 0, 5), sums(1, 0), { used: sums(1, 0), from: '2026-12-01' })
    expect(first).toBe(100)
  })

  it('a month that ends costs what it has used', () => {
    const last = Date.UTC(2026, 10, 30, 23, 59, 59, 999)
    expect(costs(last, sums(1500, 0), { used: sums(0, 0), from: '2026-11-30' })).toBeCloseTo(170, 3)
  })
})
