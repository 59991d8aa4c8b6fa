import { expect, it } from 'vitest'
import { MEASURED_CPU } from '../../../../cli/cost/counts.ts'
import { DEFAULT_WORKLOAD, defaultPrices } from '../../../../cli/cost/default.ts'
import { forecastOf } from '../../../../cli/cost/forecast.ts'
import { monthOf } from '../../../../cli/cost/outlook.ts'
import { publishedSpeeds } from '../../../../cli/cost/published.ts'
import { speedOf } from '../../../../cli/cost/speed.ts'
import { Forecast } from '../../../../edge/stats/forecast.ts'
import { commandOf, createTyping, wordsOf } from '../../../fixtures/commands/typed.ts'
import { twohop } from '../../../fixtures/twohop-command.ts'

const { typed, untyped } = createTyping(import.meta.filename)
const book = defaultPrices()
const speeds = { cpu: speedOf(MEASURED_CPU), ...publishedSpeeds() }

it.each(book.combinations.map((combination) => [combination.id, combination] as const))(
  'of %s is one that the edge takes, with the bill of its load, and never falls',
  (_, combination) => {
    const forecast = forecastOf(book, combination, DEFAULT_WORKLOAD, speeds)
    expect(Forecast.parse(forecast)).toEqual(forecast)
    expect(forecast).toMatchObject({
      requests: 300_000,
      prompt_tokens: 90_000_000,
      output_tokens: 45_000_000,
    })
    const { bill } = monthOf(book, combination, DEFAULT_WORKLOAD, speeds)
    expect(forecast.bills.find(({ load }) => load === 1)?.usd).toBe(bill.total / 1_000_000)
    for (const [i, { usd }] of forecast.bills.entries())
      expect(usd).toBeGreaterThanOrEqual(forecast.bills[i - 1]?.usd ?? 0)
  },
)

it('is printed in one line for one combination, and for no other number of them', async () => {
  const { code, out } = await typed(commandOf('docs/cost.md', 'npx twohop cost --forecast'), {}, (text) =>
    twohop(...wordsOf(text).slice(2)),
  )
  expect(code).toBe(0)
  expect(out).toMatch(/^\{.*\}\n$/)
  expect(Forecast.parse(JSON.parse(out))).toMatchObject({ combination: 'workers-fly', requests: 300_000 })
  expect(await twohop('cost', '--forecast')).toMatchObject({
    code: 2,
    err: expect.stringContaining('--combination'),
  })
})

it('types what it is listed for', () => expect(untyped()).toEqual([]))
