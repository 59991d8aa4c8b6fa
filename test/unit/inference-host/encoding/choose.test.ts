import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { chooseBatch, type Offer } from '../../../../inference-host/encoding/choose.ts'

const RULES = { tokens: 64, slack: 4, short: 20, rows: 8 }
const lengths = (offers: readonly Offer[], rules = RULES) =>
  chooseBatch(offers, rules).map(({ offer, place }) => offers[offer]?.lengths[place])

test('the least served request leads with its longest row, and all give in turn', () => {
  const offers = [
    { lengths: [9, 10, 10], served: 50 },
    { lengths: [2, 10], served: 0 },
  ]
  expect(chooseBatch(offers, RULES)).toEqual([
    { offer: 1, place: 1 },
    { offer: 0, place: 2 },
    { offer: 0, place: 1 },
    { offer: 0, place: 0 },
  ])
})

test('rows that are much shorter, or longer, wait for others of their length', () => {
  expect(
    lengths([
      { lengths: [5, 6, 10], served: 0 },
      { lengths: [11], served: 1 },
    ]),
  ).toEqual([10, 6])
})

test('long rows go with rows of the very same length only', () => {
  expect(lengths([{ lengths: [20, 21, 21], served: 0 }])).toEqual([21, 21])
  expect(lengths([{ lengths: [17, 20, 20], served: 0 }])).toEqual([20, 20, 17])
})

test('a row beyond the budget goes alone', () => {
  expect(lengths([{ lengths: [100, 100], served: 0 }])).toEqual([100])
})

test('rows of one length fill the budget and no more', () => {
  expect(lengths([{ lengths: Array(20).fill(16), served: 0 }])).toEqual([16, 16, 16, 16])
  expect(lengths([{ lengths: Array(20).fill(2), served: 0 }])).toHaveLength(8)
})

test('where nothing is offered nothing is chosen', () => {
  expect(chooseBatch([], RULES)).toEqual([])
  expect(chooseBatch([{ lengths: [], served: 0 }], RULES)).toEqual([])
})

test('for any offers: within the rules, no row twice, never empty-handed', async () => {
  const anyOffer = fc.record({
    lengths: fc
      .array(fc.integer({ min: 1, max: 80 }), { maxLength: 12 })
      .map((all) => all.sort((a, b) => a - b)),
    served: fc.nat(500),
  })
  await fc.assert(
    fc.property(fc.array(anyOffer, { maxLength: 6 }), (offers) => {
      const chosen = chooseBatch(offers, RULES)
      const sizes = chosen.map(({ offer, place }) => offers[offer]?.lengths[place] ?? Number.NaN)
      const longest = Math.max(0, ...sizes)
      expect(new Set(chosen.map(({ offer, place }) => `${offer}.${place}`)).size).toBe(chosen.length)
      expect(chosen.length > 0).toBe(offers.some((offer) => offer.lengths.length > 0))
      expect(chosen.length <= 1 || chosen.length * longest <= RULES.tokens).toBe(true)
      const slack = longest <= RULES.short ? RULES.slack : 0
      expect(sizes.every((size) => size >= longest - slack)).toBe(true)
    }),
  )
})
