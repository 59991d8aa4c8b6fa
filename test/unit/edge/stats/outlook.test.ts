import { expect, it } from 'vitest'
import { billAt, outlookOf } from '../../../../edge/stats/outlook.ts'

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

it('a month costs what the forecast has for its load, by its measure that is furthest above', () => {
  const forecast = { combination: 'x', requests: 1000, prompt_tokens: 0, output_tokens: 50_000, bills }
  const used = { requests: 400, prompt_tokens: 9, output_tokens: 50_000, units: 7 }
  // Half of the month has passed: 800 requests at this rate, and twice the tokens.
  const rows = outlookOf(0.5, used, forecast)
  expect(rows).toEqual([
    { what: 'requests', so_far: 400, due: 500, at_this_rate: 800, forecast: 1000 },
    { what: 'prompt_tokens', so_far: 9, due: 0, at_this_rate: 18, forecast: 0 },
    { what: 'output_tokens', so_far: 50_000, due: 25_000, at_this_rate: 100_000, forecast: 50_000 },
    { what: 'usd', so_far: 110, due: 60, at_this_rate: 220, forecast: 120 },
  ])
})
