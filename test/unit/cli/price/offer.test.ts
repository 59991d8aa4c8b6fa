import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  budgetsOf,
  catalogPrices,
  heldUnits,
  monthFor,
  monthUnits,
  OfferError,
  UNITS_PER_DOLLAR,
  userCents,
} from '../../../../cli/price/offer.ts'
import { unitsOf } from '../../../../shared/units.ts'

const TERMS = { margin: 30, fixedCents: 0, users: 1, unitsPerDollar: UNITS_PER_DOLLAR }

describe("the catalog's prices", () => {
  it('are units a token, rounded up, and a cached token is charged as any', () => {
    expect(catalogPrices({ input: 150_000, output: 600_000, cached: 75_000 }, UNITS_PER_DOLLAR)).toEqual({
      prompt: 15,
      output: 60,
      compute_second: 0,
    })
    expect(catalogPrices({ input: 1, output: 10_001 }, UNITS_PER_DOLLAR)).toMatchObject({
      prompt: 1,
      output: 2,
    })
    // In units of a billionth of a dollar, the same tokens cost ten times as many.
    expect(catalogPrices({ input: 150_000, output: 600_000 }, 1_000_000_000)).toMatchObject({
      prompt: 150,
      output: 600,
    })
  })

  it('are never below what a provider takes for what it puts into its cache', () => {
    expect(catalogPrices({ input: 100_000, output: 0, cached: 125_000 }, UNITS_PER_DOLLAR).prompt).toBe(13)
  })

  it('are refused where they cannot be counted', () => {
    const rate = 900_000_000_000_000
    expect(() => catalogPrices({ input: rate, output: rate }, 1_000_000_000_000_000)).toThrow(OfferError)
  })
})

describe('what the edge holds for a request', () => {
  const prices = { prompt: 10, output: 40, compute_second: 0 }
  const habits = { requestsPerDay: 1, promptTokens: 100, outputTokens: 20 }

  it('has the tokens of images as they are, and a byte for each of a text', () => {
    expect(heldUnits(prices, { ...habits, imageTokens: 700 })).toBe((100 * 6 + 700) * 10 + 20 * 40)
    expect(monthUnits(prices, { ...habits, imageTokens: 700 })).toBe(31 * (800 * 10 + 20 * 40))
  })

  it('has the seconds of audio, and the longest text of each window', () => {
    const hears = { ...prices, audio_second: 500 }
    expect(heldUnits(hears, { ...habits, audioSeconds: 50 })).toBe(50 * 500 + 2 * 448 * 40)
    expect(monthUnits(hears, { ...habits, audioSeconds: 50 })).toBe(31 * (50 * 500 + 20 * 40))
  })
})

describe('budgets', () => {
  it('are the habits of the longest month, a tenth of it for a day, and a hundredth for a minute', () => {
    const prices = { prompt: 150, output: 600, compute_second: 0 }
    const habits = { requestsPerDay: 100, promptTokens: 300, outputTokens: 150 }
    const held = heldUnits(prices, habits)
    expect(held).toBe(300 * 6 * 150 + 150 * 600)
    const month = monthUnits(prices, habits)
    expect(month).toBe(3100 * (300 * 150 + 150 * 600))
    expect(budgetsOf(month, held)).toEqual({ minute: month / 100, day: month / 10, month })
  })

  it('each hold what the edge holds for a request, and none is above the next', () => {
    fc.assert(
      fc.property(fc.nat(10_000_000), fc.integer({ min: 1, max: 1_000_000 }), (more, held) => {
        const { minute, day, month } = budgetsOf(held + more, held)
        expect(minute).toBeGreaterThanOrEqual(held)
        expect(day).toBeGreaterThanOrEqual(minute)
        expect(month).toBeGreaterThanOrEqual(day)
        expect(month).toBe(held + more)
      }),
    )
  })
})

const terms = fc.record({
  margin: fc.integer({ min: 0, max: 95 }),
  fixedCents: fc.nat(1_000_000),
  users: fc.integer({ min: 1, max: 100_000 }),
  unitsPerDollar: fc.constantFrom(1_000, UNITS_PER_DOLLAR, 1_000_000_000, 1_000_000_000_000),
})
const rates = fc.record({
  input: fc.nat(50_000_000),
  output: fc.nat(200_000_000),
  cached: fc.option(fc.nat(60_000_000), { nil: undefined }),
})
/** Work, of which some of the prompt came from a cache. */
const use = fc.record({
  promptTokens: fc.nat(200_000),
  outputTokens: fc.nat(200_000),
  fromCache: fc.nat(200_000),
})

describe('whoever spends the whole budget', () => {
  it('never costs more than the price without its margin, whatever the tokens were', () => {
    fc.assert(
      fc.property(
        rates,
        terms,
        use,
        fc.nat(1_000_000),
        (each, how, { promptTokens, outputTokens, fromCache }, left) => {
          const prices = catalogPrices(each, how.unitsPerDollar)
          // The budget that this use just fits into, with some left.
          const month = unitsOf(prices, { promptTokens, outputTokens }) + left
          const cents = userCents(month, how)
          const cached = Math.min(promptTokens, fromCache)
          // In exact millionths of a millionth of a dollar, as the provider bills.
          const cost =
            BigInt(promptTokens - cached) * BigInt(each.input) +
            BigInt(cached) * BigInt(each.cached ?? each.input) +
            BigInt(outputTokens) * BigInt(each.output)
          const kept = BigInt(cents) * 10_000_000_000n * BigInt(100 - how.margin) * BigInt(how.users)
          const share = BigInt(how.fixedCents) * 10_000_000_000n * 100n
          expect(cost * 100n * BigInt(how.users) + share <= kept).toBe(true)
        },
      ),
    )
  })

  it('is asked for no cent more than that takes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 50 }), terms, (month, how) => {
        const cents = userCents(month, how)
        fc.pre(cents > 1)
        const oneLess =
          BigInt(cents - 1) * BigInt(100 - how.margin) * BigInt(how.users) * BigInt(how.unitsPerDollar)
        const needed =
          BigInt(month) * 10_000n * BigInt(how.users) +
          BigInt(how.fixedCents) * 100n * BigInt(how.unitsPerDollar)
        expect(oneLess < needed).toBe(true)
      }),
    )
  })

  it('gets the budget that a given price pays for, and no unit more', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000_000 }), terms, (cents, how) => {
        let month: number
        try {
          month = monthFor(cents, how)
        } catch (error) {
          expect(error).toBeInstanceOf(OfferError)
          return
        }
        expect(userCents(month, how)).toBeLessThanOrEqual(cents)
        expect(userCents(month + 1, { ...how, margin: how.margin })).toBeGreaterThanOrEqual(
          userCents(month, how),
        )
      }),
    )
    expect(monthFor(500, TERMS)).toBe(350_000_000)
    expect(() => monthFor(500, { ...TERMS, fixedCents: 350 })).toThrow(OfferError)
  })
})
