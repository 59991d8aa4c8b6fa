import { expect, it } from 'vitest'
import { allowanceOf, counters, describeEachRedis, limits, request, usage } from './each-redis.ts'

const DAY = 86_400_000

/** The months that a billing day cuts, said with a calendar of its own: the start of the one that holds an instant, and of the next. */
function monthOf(instant: Date, billingDay: number): [number, number] {
  const start = (year: number, month: number) => {
    const days = new Date(Date.UTC(year, month + 1, 0)).getUTCDate()
    return Date.UTC(year, month, Math.min(billingDay, days))
  }
  const [thisYear, thisMonth] = [instant.getUTCFullYear(), instant.getUTCMonth()]
  return instant.getTime() >= start(thisYear, thisMonth)
    ? [start(thisYear, thisMonth), start(thisYear, thisMonth + 1)]
    : [start(thisYear, thisMonth - 1), start(thisYear, thisMonth)]
}

describeEachRedis('a month that begins on the billing day', (redis) => {
  it('has the name and the end that the calendar gives it, in leap years and short months too', async () => {
    const budget = redis.budget({ timeoutMs: 20_000 })
    // Every instant costs a script; fengari takes ten times as long for it.
    const years = redis.kind === 'redis-server' ? [2024, 2026, 2027, 2100] : [2024]
    const cuts = years.flatMap((year) =>
      Array.from({ length: 13 }, (_, month) =>
        [-DAY, -1, 0, 27 * DAY + 1, 28 * DAY, 29 * DAY, 30 * DAY].map((ms) => Date.UTC(year, month, 1) + ms),
      ).flat(),
    )
    const instants = new Set(cuts)
    for (const billingDay of [2, 15, 29, 30, 31]) {
      const expected: { account: string; name: string; resetMs: number }[] = []
      const decisions = []
      for (const now of instants) {
        redis.clock.now = now
        const [starts, ends] = monthOf(new Date(now), billingDay)
        const account = `${billingDay}:${now}`
        expected.push({ account, name: new Date(starts).toISOString().slice(0, 10), resetMs: ends - now })
        const plan = { ...limits(), billingDay }
        decisions.push(budget.reserve(request(account, { account, limits: plan })))
      }
      for (const [i, decision] of (await Promise.all(decisions)).entries())
        expect(allowanceOf(decision)?.budgets.month.resetMs, expected[i]?.account).toBe(expected[i]?.resetMs)
      const keys = expected.map(({ account, name }) => `twohop:budget:${account}:month:${name}`)
      expect(await redis.command('EXISTS', ...keys), `billing day ${billingDay}`).toBe(keys.length)
    }
  })

  it("is the account's own before the plan's", async () => {
    const budget = redis.budget()
    await redis.records().accounts.set('firebase:ada', { billingDay: 20 })
    const decision = await budget.reserve(request('r1', { limits: { ...limits(), billingDay: 5 } }))
    expect(allowanceOf(decision)?.budgets.month.resetMs).toBe(Date.UTC(2026, 11, 20) - redis.clock.now)
    expect(await counters(redis, 'month:2026-11-20')).toMatchObject({ held: 10 })
  })

  /** Tries to spend a whole month's budget each day, on days that `dayOf` says months begin on. Gives the days it could. */
  async function spentOn(accounts: string[], days: number, dayOf: (account: string, day: number) => number) {
    const budget = redis.budget({ timeoutMs: 60_000 })
    const first = Date.UTC(2027, 0, 20, 12)
    const spent = new Map(accounts.map((account) => [account, [] as number[]]))
    for (let day = 0; day < days; day++) {
      redis.clock.now = first + day * DAY
      await Promise.all(
        accounts.map(async (account) => {
          const plan = { ...limits({ month: 10 }), billingDay: dayOf(account, day) }
          const { granted } = await budget.reserve(request(`${account}@${day}`, { account, limits: plan }))
          if (granted) spent.get(account)?.push(day)
        }),
      )
    }
    return spent
  }
  const gaps = (days: number[]) => days.slice(1).map((day, i) => day - (days[i] ?? 0))

  it.each([
    ['once, ten days into a month', (day: number) => day < 10],
    ['to and fro each day', (day: number) => day % 2 === 0],
  ] as const)('gives no budget early where it changes %s, for pairs of days', async (_how, isFirst) => {
    const all = Array.from({ length: 31 }, (_, i) => i + 1)
    // The first, the days of the change and of the start, those that short months lack, and some between.
    const step = redis.kind === 'redis-server' ? 3 : 9
    const some = all.filter((day) => (day - 1) % step === 0 || day > 28)
    const accounts = some.flatMap((one) => some.map((other) => `${one}-${other}`))
    const spent = await spentOn(accounts, 66, (account, day) =>
      Number(account.split('-')[isFirst(day) ? 0 : 1]),
    )
    for (const [account, days] of spent) {
      expect(days[0]).toBe(0)
      // The month in which it began may have been under way; every later one has 28 days or more.
      const [begun = 99, ...later] = gaps(days)
      expect(begun, account).toBeLessThanOrEqual(59)
      for (const gap of later) expect(gap, account).toBeGreaterThanOrEqual(28)
      const [one, other] = account.split('-')
      if (one === other) for (const gap of later) expect(gap, account).toBeLessThanOrEqual(31)
    }
  })

  it('gives one budget where it is moved to the next day, day after day', async () => {
    const dates = (day: number) => new Date(Date.UTC(2027, 0, 20 + day)).getUTCDate()
    const spent = await spentOn(['ada'], 60, (_account, day) => dates(day + 1))
    expect(spent.get('ada')).toEqual([0, 1, 33])
  })

  it('shows the month that is under way in the usage, and writes nothing there', async () => {
    const budget = redis.budget()
    const plan = (billingDay: number) => ({ ...limits({ month: 10 }), billingDay })
    await budget.reserve(request('r1', { limits: plan(1) }))
    const { allowance } = await usage(budget, plan(22))
    expect(allowance.budgets.month).toMatchObject({
      held: 10,
      resetMs: Date.UTC(2026, 11, 1) - redis.clock.now,
    })
    expect(await counters(redis, 'month:2026-10-22')).toBeUndefined()
    redis.clock.now = Date.UTC(2026, 11, 1)
    const next = await budget.reserve(request('r2', { limits: plan(22) }))
    expect(allowanceOf(next)?.budgets.month.resetMs).toBe(Date.UTC(2027, 0, 22) - redis.clock.now)
    expect(await counters(redis, 'month:2026-12-01')).toMatchObject({ held: 10 })
    const left = await redis.command<number>('PTTL', 'twohop:month:firebase:ada')
    expect(left).toBeLessThanOrEqual((52 + 32) * DAY)
  })

  it('leaves the day and the project to UTC', async () => {
    const budget = redis.budget({ project: { month: 100 } })
    await budget.reserve(request('r1', { limits: { ...limits(), billingDay: 5 } }))
    expect(await counters(redis, 'day:2026-11-21')).toMatchObject({ held: 10 })
    expect(await counters(redis, 'month:2026-11', 'project')).toMatchObject({ held: 10 })
  })

  it('gives the whole budget again when it begins', async () => {
    const budget = redis.budget()
    const plan = { ...limits({ month: 10 }), billingDay: 22 }
    expect((await budget.reserve(request('r1', { limits: plan }))).granted).toBe(true)
    expect(await budget.reserve(request('r2', { limits: plan }))).toMatchObject({
      code: 'budget_exhausted',
      window: 'month',
      retryAfterMs: Date.UTC(2026, 10, 22) - redis.clock.now,
    })
    redis.clock.now = Date.UTC(2026, 10, 22)
    expect((await budget.reserve(request('r3', { limits: plan }))).granted).toBe(true)
  })

  it.each([0, 32, 1.5])('is not begun on day %s', async (billingDay) => {
    const plan = { ...limits(), billingDay }
    await expect(redis.budget().reserve(request('r1', { limits: plan }))).rejects.toThrow(RangeError)
  })
})
