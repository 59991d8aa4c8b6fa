import { describe, expect, it } from 'vitest'
import { OfferError } from '../../../../cli/price/offer.ts'
import { sheetJson, sheetOf, sheetText } from '../../../../cli/price/sheet.ts'

const TERMS = { margin: 30, fixedCents: 4_000, users: 100, unitsPerDollar: 1_000_000_000 }
const HABITS = { requestsPerDay: 10, promptTokens: 300, outputTokens: 150 }
const RATES = { input: 150_000, output: 600_000, cached: 75_000 }

describe('a sheet of prices', () => {
  it('goes from habits to a price', () => {
    const sheet = sheetOf(RATES, HABITS, TERMS)
    // 310 requests of 135,000 units are 41,850,000: 4.185 cents, and 40 of the fixed costs, are 70 % of 64 cents.
    expect(sheetJson(sheet)).toEqual({
      units_per_dollar: 1_000_000_000,
      prices: { prompt: 150, output: 600, compute_second: 0 },
      budgets: { minute: 720_000, day: 4_185_000, month: 41_850_000 },
      user_month_cents: 64,
      worst_cost_microdollars: 41_850,
      margin_percent: 30,
      million_tokens_microdollars: { input: 150_000, output: 600_000, cached: 75_000 },
    })
    expect(sheetText(sheet)).toContain('Ask each for $0.64 a month: at least 30 % of it remains.')
    expect(sheetText(sheet)).toContain('310 requests a month')
  })

  it('goes from a price to budgets', () => {
    const { budgets, cents } = sheetOf(RATES, HABITS, TERMS, 500)
    expect(cents).toBe(500)
    expect(budgets.month).toBe(3_100_000_000)
  })

  it('says where a price pays for less than one request, or where nothing costs anything', () => {
    expect(() => sheetOf(RATES, { ...HABITS, promptTokens: 1_000_000 }, TERMS, 60)).toThrow(OfferError)
    expect(() => sheetOf({ input: 0, output: 0 }, HABITS, TERMS)).toThrow(OfferError)
  })
})
