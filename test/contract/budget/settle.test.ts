import { expect, it } from 'vitest'
import {
  counters,
  describeEachRedis,
  events,
  limits,
  RESERVED,
  request,
  settlement,
  usage,
} from './each-redis.ts'

const WINDOWS = ['minute:2026-11-21T10:59', 'day:2026-11-21', 'month:2026-11']

describeEachRedis('settle', (redis) => {
  it('replaces the hold by what was used, frees the lease and writes the event, in one round trip', async () => {
    const budget = redis.budget()
    await budget.reserve(request('r1'))
    await budget.settle(settlement('warm-up', { units: 0 }))
    const before = await redis.requests()
    redis.clock.now += 1500

    expect(await budget.settle(settlement('r1'))).toMatchObject({ settled: true })

    expect((await redis.requests()) - before).toBe(1)
    for (const window of WINDOWS) expect(await counters(redis, window)).toMatchObject({ used: 4, held: 0 })
    expect(await redis.command('EXISTS', 'twohop:leases:firebase:ada', 'twohop:open')).toBe(0)
    expect(await events(redis)).toEqual([
      {
        request_id: 'r1',
        kind: 'charge',
        account: 'firebase:ada',
        model: 'tiny-chat',
        task: 'chat',
        plan: 'free',
        key: '',
        month: '2026-11',
        prompt_tokens: '1',
        output_tokens: '3',
        compute_ms: '20',
        units: '4',
        extra_units: '0',
        reserved_units: '10',
        reported_units: '4',
        outcome: 'ok',
        reserved_at: String(redis.clock.now - 1500),
        at: String(redis.clock.now),
        version: '',
      },
    ])
  })

  it('settles a request once, whoever asks how often', async () => {
    await redis.budget().reserve(request('r1'))
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => redis.budget().settle(settlement('r1'))),
    )
    expect(answers.filter(({ settled }) => settled)).toHaveLength(1)
    expect(await counters(redis, 'day:2026-11-21')).toMatchObject({ used: 4, held: 0 })
    expect(await events(redis)).toHaveLength(1)
  })

  it('settles in the minute, day and month of the reservation, after they are over', async () => {
    redis.clock.now = Date.UTC(2026, 11, 31, 23, 59, 59, 900)
    const budget = redis.budget()
    const tight = limits({ minute: 10, day: 10, month: 10 })
    await budget.reserve(request('old', { limits: tight }))
    expect(await budget.reserve(request('more', { limits: tight }))).toMatchObject({
      code: 'budget_exhausted',
    })
    redis.clock.now += 200
    expect((await budget.reserve(request('new', { limits: tight }))).granted).toBe(true)
    await budget.settle(settlement('old', { units: 7 }))

    for (const window of ['minute:2026-12-31T23:59', 'day:2026-12-31', 'month:2026-12'])
      expect(await counters(redis, window), window).toMatchObject({ used: 7, held: 0 })
    for (const window of ['minute:2027-01-01T00:00', 'day:2027-01-01', 'month:2027-01'])
      expect(await counters(redis, window), window).toMatchObject({ used: 0, held: 10 })
  })

  it('bars a reservation that comes after its settlement', async () => {
    const budget = redis.budget()
    expect(await budget.settle(settlement('r1', { units: 0, outcome: 'refused' }))).toMatchObject({
      settled: true,
    })
    await expect(budget.reserve(request('r1'))).rejects.toMatchObject({ code: 'internal' })
    expect(await budget.settle(settlement('r1'))).toMatchObject({ settled: false })
    expect(await redis.command('KEYS', '*')).toEqual(['twohop:reservation:r1'])
  })

  it('writes the event of a reservation that Redis has lost, once, and no counter', async () => {
    const budget = redis.budget()
    await budget.reserve(request('r1'))
    await redis.command('FLUSHALL')
    const lost = settlement('r1', { units: 11, reserved: { ...RESERVED, key: 'k1', billingDay: 25 } })
    expect(await budget.settle(lost)).toEqual({ settled: true, crossed: [] })
    expect(await budget.settle(lost)).toEqual({ settled: false, crossed: [] })
    expect(await events(redis)).toEqual([
      {
        request_id: 'r1',
        kind: 'charge',
        account: 'firebase:ada',
        model: 'tiny-chat',
        task: 'chat',
        plan: 'free',
        key: 'k1',
        month: '2026-10-25',
        prompt_tokens: '1',
        output_tokens: '3',
        compute_ms: '20',
        units: '10',
        extra_units: '0',
        reserved_units: '10',
        reported_units: '11',
        outcome: 'ok',
        reserved_at: String(redis.clock.now),
        at: String(redis.clock.now),
        version: '',
      },
    ])
    expect((await redis.command<string[]>('KEYS', '*')).sort()).toEqual([
      'twohop:events',
      'twohop:history:firebase:ada:2026-11',
      'twohop:latest:firebase:ada',
      'twohop:reservation:r1',
      'twohop:stats:2026-11',
    ])
  })

  it('charges no more than was reserved, and keeps the larger report in the event', async () => {
    const budget = redis.budget()
    await budget.reserve(request('r1'))
    await budget.settle(settlement('r1', { units: 11 }))
    expect(await counters(redis, 'day:2026-11-21')).toMatchObject({ used: 10, held: 0 })
    expect(await events(redis)).toMatchObject([{ units: '10', reserved_units: '10', reported_units: '11' }])
  })

  it('settles a reservation of nothing', async () => {
    const budget = redis.budget()
    await budget.reserve(request('r1', { units: 0 }))
    expect(await budget.settle(settlement('r1', { units: 0 }))).toMatchObject({ settled: true })
    expect(await counters(redis, 'day:2026-11-21')).toMatchObject({ used: 0, held: 0 })
  })

  it('makes no counter that never ends when the window of a late settlement has gone', async () => {
    const budget = redis.budget()
    await budget.reserve(request('r1'))
    await redis.command('DEL', 'twohop:budget:firebase:ada:minute:2026-11-21T10:59')
    await budget.settle(settlement('r1'))
    expect(await counters(redis, 'minute:2026-11-21T10:59')).toBeUndefined()
    expect(await counters(redis, 'day:2026-11-21')).toMatchObject({ used: 4, held: 0 })
  })
})

describeEachRedis('sweep', (redis) => {
  it('charges what ran out in full, once, whoever sweeps', async () => {
    const budget = redis.budget()
    for (const id of ['r1', 'r2', 'r3']) await budget.reserve(request(id, { leaseMs: 1000 }))
    await budget.reserve(request('running', { leaseMs: 1001 }))
    redis.clock.now += 999
    expect(await budget.sweep(10)).toMatchObject({ charged: 0 })
    redis.clock.now += 1

    const sweeps = await Promise.all(Array.from({ length: 8 }, () => redis.budget().sweep(2)))
    const counts = sweeps.map(({ charged }) => charged)

    expect(counts.reduce((sum, count) => sum + count)).toBe(3)
    expect(Math.max(...counts)).toBe(2)
    expect(await counters(redis, 'day:2026-11-21')).toMatchObject({ used: 30, held: 10 })
    expect(await redis.command('ZRANGE', 'twohop:leases:firebase:ada', 0, -1)).toEqual(['running'])
    expect(await redis.command('ZRANGE', 'twohop:open', 0, -1)).toEqual(['running'])
    const written = await events(redis)
    expect(written.map(({ request_id }) => request_id).sort()).toEqual(['r1', 'r2', 'r3'])
    for (const event of written)
      expect(event).toMatchObject({ kind: 'charge', units: '10', output_tokens: '0', outcome: 'unsettled' })
  })

  it('is corrected once by a settlement that comes later', async () => {
    const budget = redis.budget()
    await budget.reserve(request('r1', { leaseMs: 1000 }))
    redis.clock.now += 1000
    await budget.sweep(10)
    expect(await budget.settle(settlement('r1'))).toMatchObject({ settled: true })
    expect(await budget.settle(settlement('r1'))).toMatchObject({ settled: false })
    for (const window of WINDOWS) expect(await counters(redis, window)).toMatchObject({ used: 4, held: 0 })
    expect(await events(redis)).toMatchObject([
      { kind: 'charge', units: '10', outcome: 'unsettled' },
      { kind: 'correction', units: '-6', reported_units: '4', output_tokens: '3', outcome: 'ok' },
    ])
  })

  it('leaves alone what was settled, and forgets what lost its record', async () => {
    const budget = redis.budget()
    await budget.reserve(request('settled', { leaseMs: 1000 }))
    await budget.reserve(request('lost', { leaseMs: 1000 }))
    await budget.settle(settlement('settled'))
    await redis.command('DEL', 'twohop:reservation:lost')
    redis.clock.now += 1000
    expect(await budget.sweep(10)).toMatchObject({ charged: 0 })
    expect(await redis.command('EXISTS', 'twohop:open')).toBe(0)
    expect(await events(redis)).toHaveLength(1)
  })
})

describeEachRedis('usage', (redis) => {
  it('reads counters, limits and running requests without changing them, in one round trip', async () => {
    const budget = redis.budget()
    await budget.reserve(request('r1'))
    await budget.reserve(request('r2'))
    await budget.settle(settlement('r2'))
    const plan = limits({ requestsPerMinute: 9, concurrent: 3, day: 50 })
    await usage(budget, plan)
    const before = await redis.requests()

    const report = await usage(budget, plan)

    expect((await redis.requests()) - before).toBe(1)
    expect(report.concurrent).toEqual({ limit: 3, running: 1 })
    expect(report.allowance.requests).toEqual({ limit: 9, remaining: 7, resetMs: 30_000 })
    expect(report.allowance.budgets.day).toMatchObject({ limit: 50, used: 4, held: 10 })
  })

  it('may be read so often a minute, by each account', async () => {
    const budget = redis.budget({ readsPerMinute: 3 })
    // The read limit follows this machine's clock: all reads are sent at once so that they fall in one minute.
    const read = async () =>
      Promise.allSettled(Array.from({ length: 8 }, () => usage(budget, limits(), 'ada')))
    let reads = await read()
    if (new Set(await redis.command<string[]>('KEYS', 'twohop:reads:ada:*')).size > 1) reads = await read()
    const refused = reads.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []))
    expect(refused.length).toBeGreaterThanOrEqual(5)
    for (const error of refused) {
      expect(error).toMatchObject({ code: 'rate_limited' })
      expect(error.retryAfterMs).toBeGreaterThan(0)
      expect(error.retryAfterMs).toBeLessThanOrEqual(60_000)
    }
    await expect(usage(budget, limits(), 'grace')).resolves.toMatchObject({ concurrent: { running: 0 } })
    const keys = await redis.command<string[]>('KEYS', 'twohop:reads:*')
    expect(keys.length).toBeGreaterThanOrEqual(2)
    for (const key of keys) {
      expect(await redis.command('PTTL', key), key).toBeGreaterThan(0)
      expect(await redis.command('PTTL', key), key).toBeLessThanOrEqual(60_000)
    }
  })
})
