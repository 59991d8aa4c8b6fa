import { expect, it } from 'vitest'
import {
  allowanceOf,
  counters,
  describeEachRedis,
  limits,
  PLENTY,
  request,
  settlement,
  usage,
} from './each-redis.ts'

describeEachRedis('reserve', (redis) => {
  it('holds the worst case in minute, day and month, in one round trip', async () => {
    const budget = redis.budget()
    await budget.reserve(request('warm-up', { account: 'other' }))
    const before = await redis.requests()

    const decision = await budget.reserve(request('r1', { limits: limits({ requestsPerMinute: 5 }) }))

    expect((await redis.requests()) - before).toBe(1)
    expect(decision).toEqual({
      granted: true,
      account: 'firebase:ada',
      allowance: {
        requests: { limit: 5, remaining: 4, resetMs: 30_000 },
        budgets: {
          minute: { limit: 1_000_000, used: 0, held: 10, resetMs: 30_000 },
          day: { limit: 1_000_000, used: 0, held: 10, resetMs: Date.UTC(2026, 10, 22) - redis.clock.now },
          month: { limit: 1_000_000, used: 0, held: 10, resetMs: Date.UTC(2026, 11, 1) - redis.clock.now },
        },
      },
    })
    for (const window of ['minute:2026-11-21T10:59', 'day:2026-11-21', 'month:2026-11'])
      expect(await counters(redis, window)).toMatchObject({ used: 0, held: 10 })
  })

  it('refuses a suspended account although its token still says otherwise', async () => {
    const budget = redis.budget()
    expect((await budget.reserve(request('r1'))).granted).toBe(true)
    await redis.command('HSET', 'twohop:account:firebase:ada', 'status', 'suspended')
    expect(await budget.reserve(request('r2'))).toEqual({
      granted: false,
      code: 'account_suspended',
      window: undefined,
      retryAfterMs: undefined,
      allowance: undefined,
    })
    await redis.command('HSET', 'twohop:account:firebase:ada', 'status', 'active')
    expect((await budget.reserve(request('r3'))).granted).toBe(true)
  })

  it('refuses more requests than a minute allows until the next, and does not count what it refused', async () => {
    const budget = redis.budget()
    const two = { limits: limits({ requestsPerMinute: 2 }) }
    await budget.reserve(request('r1', two))
    await budget.reserve(request('r2', two))
    for (const id of ['r3', 'r4'])
      expect(await budget.reserve(request(id, two))).toMatchObject({
        granted: false,
        code: 'rate_limited',
        retryAfterMs: 30_000,
        allowance: { requests: { limit: 2, remaining: 0, resetMs: 30_000 } },
      })
    expect(await counters(redis, 'minute:2026-11-21T10:59')).toEqual({ used: 0, held: 20, requests: 2 })
    redis.clock.now += 30_000
    expect((await budget.reserve(request('r5', two))).granted).toBe(true)
  })

  it('refuses more at the same time than allowed, until one settles or its lease runs out', async () => {
    const budget = redis.budget()
    const one = { limits: limits({ concurrent: 1 }), leaseMs: 5000 }
    await budget.reserve(request('r1', one))
    expect(await budget.reserve(request('r2', one))).toMatchObject({
      granted: false,
      code: 'too_many_concurrent',
      retryAfterMs: 1000,
    })
    await budget.settle(settlement('r1'))
    expect((await budget.reserve(request('r3', one))).granted).toBe(true)
    redis.clock.now += 4999
    expect(await budget.reserve(request('r4', one))).toMatchObject({ code: 'too_many_concurrent' })
    redis.clock.now += 1
    expect((await budget.reserve(request('r5', one))).granted).toBe(true)
    expect(await redis.command('ZRANGE', 'twohop:leases:firebase:ada', 0, -1)).toEqual(['r5'])
  })

  it.each(['minute', 'day', 'month'] as const)(
    'refuses what does not fit the budget of a %s',
    async (window) => {
      const budget = redis.budget()
      const tight = { limits: limits({ [window]: 25 }) }
      await budget.reserve(request('r1', tight))
      await budget.reserve(request('r2', tight))
      const refusal = await budget.reserve(request('r3', tight))
      const code = window === 'minute' ? 'budget_minute_exhausted' : 'budget_exhausted'
      expect(refusal).toMatchObject({ granted: false, code, window })
      expect(allowanceOf(refusal)?.budgets[window]).toMatchObject({ limit: 25, used: 0, held: 20 })
      expect(refusal).toHaveProperty('retryAfterMs', allowanceOf(refusal)?.budgets[window].resetMs)
      expect((await budget.reserve(request('r4', { ...tight, units: 5 }))).granted).toBe(true)
      expect(await counters(redis, 'month:2026-11')).toMatchObject({ held: 25 })
    },
  )

  it('names no time to come back for what can never fit', async () => {
    const tight = { limits: limits({ minute: 5 }) }
    expect(await redis.budget().reserve(request('r1', tight))).toMatchObject({
      code: 'budget_exhausted',
      window: 'minute',
      retryAfterMs: undefined,
    })
  })

  it('names the longest of several exhausted windows', async () => {
    const tight = { limits: limits({ minute: 9, month: 9 }) }
    expect(await redis.budget().reserve(request('r1', tight))).toMatchObject({ window: 'month' })
  })

  it('checks status, then requests, then concurrency, then budgets', async () => {
    const budget = redis.budget()
    const none = { requestsPerMinute: 0, concurrent: 0, minute: 0 }
    const code = async (id: string, changes: Parameters<typeof limits>[0]) => {
      const decision = await budget.reserve(request(id, { limits: limits(changes) }))
      return decision.granted ? 'granted' : decision.code
    }
    await redis.command('HSET', 'twohop:account:firebase:ada', 'status', 'suspended')
    expect(await code('r1', none)).toBe('account_suspended')
    await redis.command('DEL', 'twohop:account:firebase:ada')
    expect(await code('r2', none)).toBe('rate_limited')
    expect(await code('r3', { concurrent: 0, minute: 0 })).toBe('too_many_concurrent')
    expect(await code('r4', { minute: 0 })).toBe('budget_exhausted')
    expect(await redis.command('KEYS', '*')).toEqual([])
  })

  it.each([1, 2])('lets exactly 7 of 200 through where 7 fit, with %i edges at once', async (edges) => {
    const budgets = Array.from({ length: edges }, () => redis.budget({ timeoutMs: 20_000 }))
    const seven = { limits: limits({ day: 79 }) }
    const decisions = await Promise.all(
      Array.from({ length: 200 }, (_, i) => budgets[i % edges]?.reserve(request(`r${i}`, seven))),
    )
    const granted = decisions.filter((decision) => decision?.granted)
    expect(granted).toHaveLength(7)
    const codes = decisions.flatMap((decision) => (decision?.granted === false ? [decision.code] : []))
    expect(codes).toEqual(Array.from({ length: 193 }, () => 'budget_exhausted'))
    expect(await counters(redis, 'day:2026-11-21')).toMatchObject({ used: 0, held: 70 })
  })

  it('admits no request id twice', async () => {
    const budget = redis.budget()
    await budget.reserve(request('r1'))
    await expect(budget.reserve(request('r1'))).rejects.toMatchObject({ code: 'internal' })
    expect(await counters(redis, 'day:2026-11-21')).toMatchObject({ held: 10 })
  })

  it('counts exactly up to 2^53-1', async () => {
    const budget = redis.budget()
    const most = Number.MAX_SAFE_INTEGER
    const wide = { limits: limits({ minute: most, day: most, month: most }) }
    expect((await budget.reserve(request('r1', { ...wide, units: most - 2 }))).granted).toBe(true)
    expect(await budget.reserve(request('r2', { ...wide, units: 3 }))).toMatchObject({
      code: 'budget_exhausted',
    })
    expect(await budget.reserve(request('r3', { ...wide, units: most }))).toMatchObject({
      code: 'budget_exhausted',
    })
    const last = await budget.reserve(request('r4', { ...wide, units: 2 }))
    expect(allowanceOf(last)?.budgets.month.held).toBe(most)
    await budget.settle(settlement('r1', { units: most - 3 }))
    const { allowance } = await usage(budget, wide.limits)
    expect(allowance.budgets.month).toMatchObject({ used: most - 3, held: 2 })
  })

  it('refuses counts and leases that can not be counted', async () => {
    const budget = redis.budget()
    for (const wrong of [
      { units: -1 },
      { units: 0.5 },
      { units: 2 ** 53 },
      { leaseMs: 0 },
      { leaseMs: 3_600_001 },
    ])
      await expect(budget.reserve(request('r1', wrong))).rejects.toThrow(RangeError)
    expect(await redis.command('KEYS', '*')).toEqual([])
  })

  it("follows Redis's own clock where no other is given", async () => {
    const budget = redis.budget({ clock: () => 0 })
    const before = await redis.command<[string, string]>('TIME')
    const allowance = allowanceOf(await budget.reserve(request('r1')))
    const after = await redis.command<[string, string]>('TIME')
    const left = (seconds: string) => 60_000 - ((Number(seconds) * 1000) % 60_000)
    const resetMs = allowance?.budgets.minute.resetMs ?? 0
    const sameMinute = Math.floor(Number(before[0]) / 60) === Math.floor(Number(after[0]) / 60)
    if (sameMinute) {
      expect(resetMs).toBeLessThanOrEqual(left(before[0]))
      expect(resetMs).toBeGreaterThan(left(after[0]) - 1000)
    }
    expect(await redis.command('KEYS', 'twohop:budget:*:month:*')).toEqual([
      `twohop:budget:firebase:ada:month:${new Date(Number(before[0]) * 1000).toISOString().slice(0, 7)}`,
    ])
  })

  it('knows the calendar: each window has the name and the end that UTC gives it', async () => {
    const budget = redis.budget()
    const days = [
      '2024-02-28',
      '2024-02-29',
      '2026-02-28',
      '2026-12-31',
      '2027-01-01',
      '2027-04-30',
      '2100-02-28',
    ]
    for (const day of days)
      for (const time of ['00:00:00.000', '12:34:56.789', '23:59:59.999']) {
        const instant = new Date(`${day}T${time}Z`)
        redis.clock.now = instant.getTime()
        const account = `at:${redis.clock.now}`
        const allowance = allowanceOf(await budget.reserve(request(account, { account, limits: PLENTY })))
        const endOfMonth = Date.UTC(instant.getUTCFullYear(), instant.getUTCMonth() + 1, 1)
        expect(allowance?.budgets.minute.resetMs).toBe(60_000 - (redis.clock.now % 60_000))
        expect(allowance?.budgets.day.resetMs).toBe(86_400_000 - (redis.clock.now % 86_400_000))
        expect(allowance?.budgets.month.resetMs).toBe(endOfMonth - redis.clock.now)
        for (const window of [`minute:${day}T${time.slice(0, 5)}`, `day:${day}`, `month:${day.slice(0, 7)}`])
          expect(await counters(redis, window, account), window).toMatchObject({ held: 10 })
      }
  })
})
