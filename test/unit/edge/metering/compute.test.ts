import { describe, expect, it } from 'vitest'
import type { Allowance, Budget, ReserveRequest, Settlement } from '../../../../edge/budget/port.ts'
import { createHold } from '../../../../edge/metering/hold.ts'
import { stopAndSettle, usageOfRefusal, usageWithin } from '../../../../edge/metering/used.ts'
import type { Work } from '../../../../edge/parse/work.ts'
import { HostRefusal, type HostUsage } from '../../../../edge/upstream/port.ts'
import { TwohopError } from '../../../../shared/errors.ts'
import { Prices, unitsOf } from '../../../../shared/units.ts'
import { modelOf, planOf } from '../../../fixtures/catalog.ts'
import { unreadLog } from '../../../fixtures/log.ts'
import { unasked } from '../../../fixtures/unasked.ts'

const chat = modelOf('twohop-chat')
const free = planOf('free')
const TIMEOUT_MS = 120_000

const counters = { limit: 1000, used: 0, held: 0, resetMs: 1000 }
const allowance: Allowance = {
  requests: { limit: 10, remaining: 9, resetMs: 1000 },
  budgets: { minute: counters, day: counters, month: counters },
}

/** A hold of 50 + 20 tokens at 1 and 4 units, and `price` a second of compute; what the budget was told of it. */
async function held(price: number) {
  const told = { reserved: [] as ReserveRequest[], settled: [] as Settlement[] }
  const clock = { now: 1_000_000 }
  const budget: Pick<Budget, 'reserve' | 'settle'> = {
    reserve: async (request) => {
      told.reserved.push(request)
      return { granted: true, account: 'ada', allowance }
    },
    settle: async (settlement) => {
      told.settled.push(settlement)
      return { settled: true, crossed: [] }
    },
  }
  const work: Work = {
    task: 'chat',
    model: { ...chat, prices: { prompt: 1, output: 4, compute_second: price } } as Work['model'],
    path: '/v1/chat/completions',
    request: {},
    stream: false,
    includeUsage: false,
    worst: { promptTokens: 50, outputTokens: 20, units: 130 },
  }
  const background: Promise<unknown>[] = []
  const entitlement = { spender: { account: 'ada', issuedAt: 0, plan: 'free' }, plan: free }
  const hold = createHold({
    budget: budget as Budget,
    answers: unasked,
    requestTimeoutMs: TIMEOUT_MS,
    leaseSlackMs: 1000,
    now: () => clock.now,
    notify: async () => {},
    tell: async () => {},
    suspended: async () => {},
    log: unreadLog,
  })
  const result = await hold('r1', entitlement as Parameters<typeof hold>[1], work, (task) =>
    background.push(task),
  )
  if (result instanceof Response || 'answer' in result) throw new Error('nothing was asked before')
  return {
    held: result,
    clock,
    reservedUnits: told.reserved[0]?.units,
    async settlement() {
      await Promise.all(background)
      expect(told.settled).toHaveLength(1)
      const [{ units, computeMs, outcome } = {} as Settlement] = told.settled
      return { units, computeMs, outcome }
    },
  }
}

const COUNTS = { prompt_tokens: 9, completion_tokens: 5 }
const TOKENS = 9 + 5 * 4
const timing = (compute_ms: number) => ({ queue_ms: 0, compute_ms })

describe('units', () => {
  it('count a second of compute, a part of a unit as a whole one', () => {
    const prices = Prices.parse({ prompt: 0, output: 0, compute_second: 7 })
    const cost = (computeMs: number) => unitsOf(prices, { promptTokens: 0, outputTokens: 0, computeMs })
    expect([0, 1, 142, 143, 1000, 1001].map(cost)).toEqual([0, 1, 1, 2, 7, 8])
    expect(Prices.parse({ prompt: 1, output: 1 }).compute_second).toBe(0)
  })
})

describe('compute with a price', () => {
  it('is reserved up to the deadline', async () => {
    expect((await held(10)).reservedUnits).toBe(130 + 1200)
    expect((await held(0)).reservedUnits).toBe(130)
  })

  it.each<[string, number | undefined, number]>([
    ['what the host measured', 2500, 2500],
    ['the deadline, where the host claims more', 500_000, TIMEOUT_MS],
    ['the time that passed, where the host measured nothing', undefined, 3000],
  ])('is charged at %s', async (_, measured, charged) => {
    const { held: hold, clock, settlement } = await held(10)
    clock.now += 3000
    hold.settle('ok', usageWithin(hold, COUNTS, measured === undefined ? undefined : timing(measured)))
    expect(await settlement()).toEqual({ outcome: 'ok', computeMs: charged, units: TOKENS + charged / 100 })
  })

  it.each<[string, HostUsage | undefined, HostUsage | undefined, number, number]>([
    ['its last word', { promptTokens: 9, outputTokens: 5, computeMs: 700 }, undefined, TOKENS, 700],
    [
      'the time that passed, when only tokens were seen',
      undefined,
      { promptTokens: 9, outputTokens: 5, computeMs: 3000 },
      TOKENS,
      3000,
    ],
    ['all that was reserved, when nothing is known', undefined, undefined, 130, TIMEOUT_MS],
  ])('is charged after a client left at %s', async (_, said, seen, tokens, computeMs) => {
    const { held: hold, clock, settlement } = await held(10)
    clock.now += 3000
    await stopAndSettle(hold, 'cancelled', async () => said, seen)
    expect(await settlement()).toEqual({ outcome: 'cancelled', computeMs, units: tokens + computeMs / 100 })
  })

  it.each([
    ['what the host measured', 2500, 2500],
    ['the deadline, where the host claims more', 500_000, TIMEOUT_MS],
    ['nothing, where it took no time', 0, 0],
  ])('is charged for a refusal at %s, and no token is', async (_, measured, charged) => {
    const { held: hold, settlement } = await held(10)
    hold.settle('refused', usageOfRefusal(hold, new HostRefusal('invalid_request', 'no', {}, measured)))
    expect(await settlement()).toEqual({ outcome: 'refused', computeMs: charged, units: charged / 100 })
  })

  it.each([
    ['what the host had read of the prompt', 40, 40],
    ['what was reserved, where the host claims more', 5000, 50],
  ])('is charged beside %s for a refusal that came late', async (_, read, charged) => {
    const { held: hold, settlement } = await held(10)
    hold.settle('refused', usageOfRefusal(hold, new HostRefusal('invalid_request', 'no', {}, 100, read)))
    expect(await settlement()).toEqual({ outcome: 'refused', computeMs: 100, units: charged + 1 })
  })

  it('costs nothing when the request failed and nothing is known, or was refused', async () => {
    const failed = await held(10)
    await stopAndSettle(failed.held, 'failed', async () => undefined)
    expect(await failed.settlement()).toEqual({ outcome: 'failed', computeMs: 0, units: 0 })
    const refused = await held(10)
    refused.held.settle('refused', usageOfRefusal(refused.held, new TwohopError('host_busy', 'no')))
    expect(await refused.settlement()).toEqual({ outcome: 'refused', computeMs: 0, units: 0 })
  })

  it('never makes a settlement dearer than its reservation', async () => {
    for (const price of [1, 3, 7, 999]) {
      const { held: hold, reservedUnits, settlement } = await held(price)
      hold.settle('ok', usageWithin(hold, { prompt_tokens: 51, completion_tokens: 20 }, timing(999_999)))
      expect((await settlement()).units).toBe(reservedUnits)
    }
  })
})

describe('compute without a price', () => {
  it('is passed on as measured and costs nothing', async () => {
    const { held: hold, settlement } = await held(0)
    hold.settle('ok', usageWithin(hold, COUNTS, timing(999_999)))
    expect(await settlement()).toEqual({ outcome: 'ok', computeMs: 999_999, units: TOKENS })
  })
})
