import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Budget, Limits } from '../../../edge/budget/port.ts'
import { describeEachRedis, events, type RunningRedis } from './each-redis.ts'

const LIMITS: Limits = {
  requestsPerMinute: 12,
  concurrent: 6,
  budgets: { minute: 100, day: 220, month: 400 },
}
const ACCOUNTS = ['firebase:ada', 'supabase:grace']
const LEASE_MS = 40_000

type Operation =
  | { name: 'reserve'; account: number; units: number; edge: number }
  /** Of any request so far: open, settled, swept, refused, or one that nobody reserved yet. */
  | { name: 'settle'; which: number; units: number; edge: number }
  | { name: 'sweep'; most: number; edge: number }

const edge = fc.nat(1)
const operation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      name: fc.constant('reserve' as const),
      account: fc.nat(1),
      units: fc.integer({ min: 0, max: 60 }),
      edge,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      name: fc.constant('settle' as const),
      which: fc.nat(),
      units: fc.integer({ min: 0, max: 70 }),
      edge,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ name: fc.constant('sweep' as const), most: fc.integer({ min: 1, max: 5 }), edge }),
  },
)
/** Operations that are under way at the same time, after the clock went on. */
const step = fc.record({
  advanceMs: fc.oneof(fc.nat(5000), fc.integer({ min: 20_000, max: 90_000 }), fc.constant(86_400_000)),
  operations: fc.array(operation, { minLength: 1, maxLength: 8 }),
})

/** Every counter there is, by key. */
async function allCounters(redis: RunningRedis) {
  const keys = await redis.command<string[]>('KEYS', 'twohop:budget:*')
  const counters = new Map<string, { used: number; held: number; requests: number }>()
  const values = await redis.pipeline<string[]>(keys.map((key) => ['HMGET', key, 'used', 'held', 'requests']))
  for (const [index, key] of keys.entries()) {
    const [used, held, requests] = values[index] ?? []
    counters.set(key, { used: Number(used ?? 0), held: Number(held ?? 0), requests: Number(requests ?? 0) })
  }
  return counters
}

function windowsOf(account: string, reservedAt: number): string[] {
  const at = new Date(reservedAt).toISOString()
  const names = [`minute:${at.slice(0, 16)}`, `day:${at.slice(0, 10)}`, `month:${at.slice(0, 7)}`]
  return names.map((name) => `twohop:budget:${account}:${name}`)
}

async function run(
  redis: RunningRedis,
  edges: Budget[],
  steps: { advanceMs: number; operations: Operation[] }[],
) {
  await redis.command('FLUSHALL')
  redis.clock.now = Date.UTC(2026, 11, 30, 23, 58, 45)
  const requests: { id: string; account: string }[] = [{ id: 'never-reserved', account: 'firebase:ada' }]
  let grants = 0
  let settled = 0

  const act = async (operation: Operation) => {
    const budget = edges[operation.edge] as Budget
    if (operation.name === 'sweep') return void (await budget.sweep(operation.most))
    if (operation.name === 'settle') {
      const { id, account } = requests[operation.which % requests.length] as (typeof requests)[number]
      const { units } = operation
      const tokens = { promptTokens: 1, outputTokens: units, computeMs: 1 }
      if (await budget.settle({ requestId: id, account, units, ...tokens, outcome: 'ok' })) settled++
      return
    }
    const id = `r${requests.length}`
    const account = ACCOUNTS[operation.account] as string
    requests.push({ id, account })
    const names = { model: 'm', task: 'chat', plan: 'free' }
    const decision = await budget
      .reserve({
        requestId: id,
        account,
        units: operation.units,
        limits: LIMITS,
        leaseMs: LEASE_MS,
        ...names,
      })
      // A settlement that ran beside it may have come first; then it is barred.
      .catch((error: { code: string }) => void expect(error.code).toBe('internal'))
    if (decision?.granted) grants++
  }

  for (const { advanceMs, operations } of steps) {
    redis.clock.now += advanceMs
    await Promise.all(operations.map(act))
    for (const [key, { used, held, requests }] of await allCounters(redis)) {
      const window = /:(minute|day|month):/.exec(key)?.[1] as 'minute' | 'day' | 'month'
      expect(used, key).toBeGreaterThanOrEqual(0)
      expect(held, key).toBeGreaterThanOrEqual(0)
      expect(used + held, key).toBeLessThanOrEqual(LIMITS.budgets[window])
      expect(requests, key).toBeLessThanOrEqual(LIMITS.requestsPerMinute)
    }
  }

  redis.clock.now += LEASE_MS
  while ((await edges[0]?.sweep(3)) === 3);
  const written = await events(redis)
  const sums = new Map<string, number>()
  for (const event of written)
    for (const key of windowsOf(event.account ?? '', Number(event.reserved_at)))
      sums.set(key, (sums.get(key) ?? 0) + Number(event.units))
  const counters = await allCounters(redis)
  for (const [key, { used, held }] of counters) {
    expect(held, key).toBe(0)
    expect(used, key).toBe(sums.get(key) ?? 0)
  }
  for (const key of sums.keys()) expect(counters.has(key), key).toBe(true)

  const charges = written.filter(({ kind }) => kind === 'charge').map(({ request_id }) => request_id)
  const corrections = written.filter(({ kind }) => kind === 'correction').map(({ request_id }) => request_id)
  expect(charges).toHaveLength(grants)
  expect(new Set(charges).size).toBe(charges.length)
  expect(new Set(corrections).size).toBe(corrections.length)
  expect(await redis.command('EXISTS', 'twohop:open', ...ACCOUNTS.map((id) => `twohop:leases:${id}`))).toBe(0)
  return {
    grants,
    settled,
    swept: written.filter(({ outcome }) => outcome === 'unsettled').length,
    corrections: corrections.length,
  }
}

describeEachRedis('any order of operations', (redis) => {
  it('never goes over a budget, and ends with counters equal to the sum of the events', async () => {
    const edges = [redis.budget(), redis.budget()]
    const total = { grants: 0, settled: 0, swept: 0, corrections: 0 }
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30 }), async (steps) => {
        const counts = await run(redis, edges, steps)
        for (const name of Object.keys(total) as (keyof typeof total)[]) total[name] += counts[name]
      }),
      { seed: 20261121, numRuns: 15, endOnFailure: true },
    )
    // The run must have met every way that a reservation can end.
    for (const [name, count] of Object.entries(total)) expect(count, name).toBeGreaterThan(5)
  })
})
