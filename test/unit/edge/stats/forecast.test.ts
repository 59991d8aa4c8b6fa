import { expect, it } from 'vitest'
import { Forecast } from '../../../../edge/stats/forecast.ts'

const good = {
  combination: 'workers-fly',
  ...{ requests: 300_000, prompt_tokens: 90_000_000, output_tokens: 45_000_000 },
  bills: [
    { load: 0.5, usd: 100 },
    { load: 1, usd: 172.32 },
  ],
}

it('is what `npx twohop cost --forecast` prints', () => {
  expect(Forecast.parse(good)).toEqual(good)
})

it.each([
  [{ ...good, requests: 0 }],
  [{ ...good, bills: [] }],
  [{ ...good, bills: good.bills.toReversed() }],
  [{ ...good, bills: [{ load: 1, usd: -1 }] }],
  [{ ...good, bills: Array.from({ length: 21 }, (_, i) => ({ load: i + 1, usd: 1 })) }],
  [{ ...good, more: 1 }],
])('is refused where it is another: %j', (bad) => {
  expect(Forecast.safeParse(bad).success).toBe(false)
})
