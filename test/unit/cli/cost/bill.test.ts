import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { billOf, NoPlanFits } from '../../../../cli/cost/bill.ts'
import { MEASURED_CPU } from '../../../../cli/cost/counts.ts'
import { defaultPrices } from '../../../../cli/cost/default.ts'
import { PARTS, type Quantities } from '../../../../cli/cost/meters.ts'
import { monthOf } from '../../../../cli/cost/outlook.ts'
import { priceBook } from '../../../../cli/cost/price-book.ts'
import { speedOf } from '../../../../cli/cost/speed.ts'
import type { Workload } from '../../../../cli/cost/workload.ts'

const book = defaultPrices()
const speed = speedOf(MEASURED_CPU)
const gpu = { promptSeconds: 0.0002, outputSeconds: 0.001 }
const speeds = { cpu: speed, a40: gpu, l4: gpu }

const anyCombination = fc.constantFrom(...book.combinations)
const anyWorkload: fc.Arbitrary<Workload> = fc.record({
  users: fc.integer({ min: 1, max: 200_000 }),
  requestsPerDay: fc.integer({ min: 1, max: 50 }),
  promptTokens: fc.integer({ min: 0, max: 4000 }),
  outputTokens: fc.integer({ min: 1, max: 1000 }),
  streamingSeconds: fc.integer({ min: 0, max: 120 }),
  peak: fc.integer({ min: 1, max: 10 }),
  scheduleMinutes: fc.constantFrom(1, 5, 60),
  lookSeconds: fc.constantFrom(30, 600, 3600),
})

/** A month's bill, or undefined where the load is beyond every plan. */
function total(...args: Parameters<typeof monthOf>): number {
  try {
    return monthOf(...args).bill.total
  } catch (error) {
    if (error instanceof NoPlanFits) return Number.POSITIVE_INFINITY
    throw error
  }
}

describe('a bill', () => {
  it('never falls when there are more users, or more requests, tokens, seconds or peak', () => {
    const more = fc.record({
      key: fc.constantFrom<keyof Workload>(
        'users',
        'requestsPerDay',
        'promptTokens',
        'outputTokens',
        'streamingSeconds',
        'peak',
      ),
      by: fc.integer({ min: 1, max: 1000 }),
    })
    fc.assert(
      fc.property(anyCombination, anyWorkload, more, (combination, workload, { key, by }) => {
        const larger = { ...workload, [key]: (workload[key] ?? 0) + by }
        expect(total(book, combination, larger, speeds)).toBeGreaterThanOrEqual(
          total(book, combination, workload, speeds),
        )
      }),
      { numRuns: 1500 },
    )
  })

  it('is the sum of its lines and of its parts, in whole cents', () => {
    fc.assert(
      fc.property(anyCombination, anyWorkload, (combination, workload) => {
        if (total(book, combination, workload, speeds) === Number.POSITIVE_INFINITY) return
        const { bill } = monthOf(book, combination, workload, speeds)
        expect(bill.lines.reduce((sum, { amount }) => sum + amount, 0)).toBe(bill.total)
        expect(PARTS.reduce((sum, part) => sum + bill.parts[part], 0)).toBe(bill.total)
        for (const { amount } of bill.lines) expect(amount % 10_000 === 0).toBe(true)
        expect(Number.isSafeInteger(bill.total)).toBe(true)
      }),
      { numRuns: 500 },
    )
  })

  it('gives each free allowance once: no meter is on two lines, and no line has more free than is included', () => {
    fc.assert(
      fc.property(anyCombination, anyWorkload, (combination, workload) => {
        if (total(book, combination, workload, speeds) === Number.POSITIVE_INFINITY) return
        const metered = monthOf(book, combination, workload, speeds).bill.lines.filter(
          ({ what }) => what !== 'monthly' && what !== 'credit',
        )
        expect(new Set(metered.map(({ what }) => what)).size).toBe(metered.length)
        for (const { service, what, free, quantity } of metered) {
          const sold = book.services
            .find(({ id }) => id === service)
            ?.meters.find(({ meter }) => meter === what)
          expect(free).toBe(Math.min(quantity, sold?.included ?? 0))
        }
      }),
      { numRuns: 500 },
    )
  })
})

/** A book of a few services and one combination that has one slot for them. */
function smallBook(services: object[]) {
  const ids = services.map((service) => (service as { id: string }).id)
  const nothing = { mode: 'always-on', services: ['nothing'], perSecond: {} }
  return priceBook({
    checked: '2026-11-21',
    sources: { page: { page: 'https://prices.example/', seen: '2026-11-21' } },
    services: [...services, { id: 'nothing', name: 'Nothing', part: 'container' }].map((service) => ({
      ...service,
      sources: ['page'],
    })),
    containers: [
      { ...nothing, id: 'cpu', name: 'CPU', kind: 'cpu', device: 'cpu' },
      { ...nothing, id: 'gpu', name: 'GPU', kind: 'gpu', device: 'l4' },
    ],
    combinations: [
      { id: 'only', name: 'Only', edge: 'workers', services: [ids], container: 'cpu', recipes: ['page.md'] },
    ],
    alwaysOn: { cpu: 'cpu', gpu: 'gpu' },
  })
}

function billed(services: object[], quantities: Quantities) {
  const ownBook = smallBook(services)
  const [only] = ownBook.combinations
  if (!only) throw new Error('the book has no combination')
  return billOf(ownBook, only, quantities)
}

describe('a free allowance', () => {
  const meters = [{ meter: 'edgeInvocations', usd: '0.30', per: 1_000_000, included: 10_000_000 }]

  it.each([
    [9_999_999, 0],
    [10_000_000, 0],
    [10_000_001, 10_000],
    [11_000_000, 300_000],
    [110_000_000, 30_000_000],
  ])('of ten million at 0.30 a million makes %i invocations cost %i micro-dollars', (quantity, amount) => {
    const plan = { id: 'plan', name: 'Plan', part: 'edge', meters }
    expect(billed([plan], { edgeInvocations: quantity }).total).toBe(amount)
  })

  it.each([
    [29, 0],
    [30, 0],
    [31, 1_000_000],
  ])('in money takes off at most what there is: $%i become %i micro-dollars', (dollars, amount) => {
    const plan = {
      id: 'plan',
      name: 'Plan',
      part: 'container',
      credit: '30.00',
      meters: [{ meter: 'gpuSeconds', usd: '1.00', per: 1 }],
    }
    expect(billed([plan], { gpuSeconds: dollars }).total).toBe(amount)
  })
})

describe('plans that stand in for each other', () => {
  const plans = [
    { id: 'free', name: 'Free', part: 'redis', limits: { redisCommands: 500 } },
    {
      id: 'per-use',
      name: 'Per use',
      part: 'redis',
      meters: [{ meter: 'redisCommands', usd: '1.00', per: 100 }],
      limits: { redisCommands: 5000 },
    },
    { id: 'fixed', name: 'Fixed', part: 'redis', monthly: '10.00', limits: { redisCommands: 2000 } },
  ]

  it.each([
    [500, 'free'],
    [501, 'per-use'],
    [1001, 'fixed'],
    [2001, 'per-use'],
  ])('are bought by price, of those that serve %i commands: %s', (redisCommands, id) => {
    expect(billed(plans, { redisCommands }).services[0]).toBe(id)
  })

  it('make no bill where none serves the load', () => {
    expect(() => billed(plans, { redisCommands: 5001 })).toThrow(
      expect.objectContaining({ code: 'no_plan_fits' }),
    )
  })
})
