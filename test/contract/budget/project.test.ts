import { expect, it } from 'vitest'
import { allowanceOf, counters, describeEachRedis, limits, request, settlement, user } from './each-redis.ts'

describeEachRedis("the project's budget", (redis) => {
  it("is checked and held beside the account's, in the same round trip", async () => {
    const budget = redis.budget({ project: { day: 100, month: 1000 } })
    await budget.reserve(request('warm-up', { units: 0 }))
    const before = await redis.requests()
    const decision = await budget.reserve(request('r1'))
    expect((await redis.requests()) - before).toBe(1)
    expect(decision.granted).toBe(true)
    // What the whole deployment spends is nobody's to see: a user's limits are his own.
    expect(allowanceOf(decision)?.budgets.day.limit).toBe(1_000_000)
    for (const window of ['day:2026-11-21', 'month:2026-11'])
      expect(await counters(redis, window, 'project')).toMatchObject({ used: 0, held: 10 })
    await budget.settle(settlement('r1'))
    for (const window of ['day:2026-11-21', 'month:2026-11'])
      expect(await counters(redis, window, 'project')).toMatchObject({ used: 4, held: 0 })
  })

  it.each(['day', 'month'] as const)(
    'of a %s stops every account, and only while it lasts',
    async (window) => {
      const budget = redis.budget({ project: { [window]: 25 } })
      await budget.reserve(request('r1', { account: 'ada' }))
      await budget.reserve(request('r2', { account: 'grace' }))
      const refusal = await budget.reserve(request('r3', { account: 'alan' }))
      const ends = window === 'day' ? Date.UTC(2026, 10, 22) : Date.UTC(2026, 11, 1)
      expect(refusal).toMatchObject({
        granted: false,
        code: 'project_budget_exhausted',
        window,
        retryAfterMs: ends - redis.clock.now,
      })
      // Refused means nothing held, of the account's own either.
      expect(await redis.command('EXISTS', 'twohop:budget:alan:day:2026-11-21')).toBe(0)
      expect((await budget.reserve(request('r4', { account: 'alan', units: 5 }))).granted).toBe(true)
      redis.clock.now = ends
      expect((await budget.reserve(request('r5', { account: 'alan' }))).granted).toBe(true)
    },
  )

  it('is not named to whom his own budget refuses', async () => {
    const budget = redis.budget({ project: { day: 5, month: 5 } })
    expect(await budget.reserve(request('r1', { limits: limits({ day: 5 }) }))).toMatchObject({
      code: 'budget_exhausted',
      window: 'day',
    })
    expect(await budget.reserve(request('r2'))).toMatchObject({
      window: 'month',
      code: 'project_budget_exhausted',
    })
  })

  it('lets exactly 7 of 200 through where 7 fit, whoever asks over whichever edge', async () => {
    const edges = [0, 1].map(() => redis.budget({ project: { day: 79 }, timeoutMs: 20_000 }))
    const decisions = await Promise.all(
      Array.from({ length: 200 }, (_, i) =>
        edges[i % 2]?.reserve(request(`r${i}`, { account: `user-${i}` })),
      ),
    )
    expect(decisions.filter((decision) => decision?.granted)).toHaveLength(7)
    expect(await counters(redis, 'day:2026-11-21', 'project')).toMatchObject({ used: 0, held: 70 })
  })

  it('of nothing admits nothing, and without one nothing is counted', async () => {
    expect(await redis.budget({ project: { day: 0 } }).reserve(request('r1'))).toMatchObject({
      code: 'project_budget_exhausted',
    })
    await redis.budget().reserve(request('r2', { spender: user('ada') }))
    expect(await redis.command('KEYS', 'twohop:project:*')).toEqual([])
  })

  it('is charged in full by the sweep, and corrected by a late settlement', async () => {
    const budget = redis.budget({ project: { day: 100 } })
    await budget.reserve(request('r1', { leaseMs: 1000 }))
    redis.clock.now += 1000
    await budget.sweep(10)
    expect(await counters(redis, 'day:2026-11-21', 'project')).toMatchObject({ used: 10, held: 0 })
    await budget.settle(settlement('r1'))
    expect(await counters(redis, 'day:2026-11-21', 'project')).toMatchObject({ used: 4, held: 0 })
  })
})
