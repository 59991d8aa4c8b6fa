import { expect, it } from 'vitest'
import { allowanceOf, counters, describeEachRedis, limits, request } from './each-redis.ts'

const DAY = 86_400_000

/** The months that a billing day cuts, said with a calendar of its own: the start of the one that holds an instant, and of the next. */
function monthOf(instant: Date, billingDay: number): [number, number] {
  const start = (year: number, month: number) => {
    const days = new Date(Date.UTC(year, month + 1, 0)).getUTCDate()
    return Date.UTC(year, month, Math.min(billingDay, days))
  }
  const [year, month] = [instant.getUTCFullYear(), instant.getUTCMonth()]
  return instant.getTime() >= start(year, month)
    ? [start(year, month), start(year, month + 1)]
    : [start(year, month - 1), start(year, month)]
}

describeEachRedis('a month that begins on the billing day', (redis) => {
  it('has the name and the end that the calendar gives it, in leap years and short months too', async () => {
    const budget = redis.budget({ timeoutMs: 20_000 })
    const cuts = [2024, 2026, 2027, 2100].flatMap((year) =>
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
