import { expect, it } from 'vitest'
import type { Crossing } from '../../../edge/budget/port.ts'
import { describeEachRedis, limits, request, settlement } from './each-redis.ts'

const told = (crossed: Crossing[]) =>
  crossed.map(({ account, window, percent }) => `${account ?? 'project'} ${window} ${percent}`)

describeEachRedis('thresholds', (redis) => {
  it('are told by the settlement that crosses them: whose, which window, how much', async () => {
    const budget = redis.budget({ project: { month: 60 } })
    const tight = { limits: { ...limits({ day: 10 }), billingDay: 20 } }
    await budget.reserve(request('r1', tight))
    const { crossed } = await budget.settle(settlement('r1', { units: 8 }))
    const day = { account: 'firebase:ada', window: 'day', period: '2026-11-21', used: 8, limit: 10 }
    expect(crossed).toEqual([
      { ...day, percent: 50 },
      { ...day, percent: 80 },
    ])
    await budget.reserve(request('r2', { account: 'firebase:eve', units: 30 }))
    expect((await budget.settle(settlement('r2', { units: 22 }))).crossed).toEqual([
      { account: undefined, window: 'month', period: '2026-11', percent: 50, used: 30, limit: 60 },
    ])
  })

  it('count what is settled, not what is held', async () => {
    const budget = redis.budget()
    await budget.reserve(request('r1', { limits: limits({ day: 10 }) }))
    expect((await budget.settle(settlement('r1', { units: 4 }))).crossed).toEqual([])
    await budget.reserve(request('r2', { units: 6, limits: limits({ day: 10 }) }))
    expect(told((await budget.settle(settlement('r2', { units: 1 }))).crossed)).toEqual([
      'firebase:ada day 50',
    ])
  })

  it('are told once a window however many settle at once, over several edges', async () => {
    const edges = Array.from({ length: 4 }, () =>
      redis.budget({ project: { day: 2000, month: 2000 }, timeoutMs: 20_000 }),
    )
    const plan = { limits: limits({ day: 1000, month: 1000 }) }
    const ids = Array.from({ length: 100 }, (_, i) => `r${i}`)
    await Promise.all(ids.map((id, i) => edges[i % 4]?.reserve(request(id, plan))))
    const settled = await Promise.all(
      [...ids, ...ids].map((id, i) => edges[i % 3]?.settle(settlement(id, { units: 10 }))),
    )
    expect(told(settled.flatMap((one) => one?.crossed ?? [])).sort()).toEqual(
      [
        ...['day', 'month'].flatMap((window) =>
          [50, 80, 100].map((share) => `firebase:ada ${window} ${share}`),
        ),
        'project day 50',
        'project month 50',
      ].sort(),
    )
  })

  it('are told again in the next window, and not again in this one after a correction', async () => {
    const budget = redis.budget()
    const tight = (id: string) => request(id, { leaseMs: 1000, limits: limits({ day: 10 }) })
    await budget.reserve(tight('r1'))
    redis.clock.now += 1000
    expect(told((await budget.sweep(1)).crossed)).toEqual([
      'firebase:ada day 50',
      'firebase:ada day 80',
      'firebase:ada day 100',
    ])
    expect((await budget.settle(settlement('r1', { units: 0 }))).crossed).toEqual([])
    await budget.reserve(tight('r2'))
    expect((await budget.settle(settlement('r2', { units: 10 }))).crossed).toEqual([])
    redis.clock.now += 86_400_000
    await budget.reserve(tight('r3'))
    expect(told((await budget.settle(settlement('r3', { units: 5 }))).crossed)).toEqual([
      'firebase:ada day 50',
    ])
  })

  it('follow a limit that changes, without telling anything twice', async () => {
    const budget = redis.budget()
    const settle = async (id: string, units: number, day: number) => {
      await budget.reserve(request(id, { units, limits: limits({ day }) }))
      return told((await budget.settle(settlement(id, { units }))).crossed)
    }
    expect(await settle('r1', 50, 100)).toEqual(['firebase:ada day 50'])
    expect(await settle('r2', 50, 200)).toEqual([])
    expect(await settle('r3', 60, 200)).toEqual(['firebase:ada day 80'])
  })

  it('are none of a budget of nothing, nor of minutes', async () => {
    const budget = redis.budget({ project: { day: 0 } })
    await budget.reserve(request('r1', { units: 0, limits: limits({ minute: 0, day: 0, month: 0 }) }))
    expect((await budget.settle(settlement('r1', { units: 0 }))).crossed).toEqual([])
    const plain = redis.budget()
    await plain.reserve(request('r2', { limits: limits({ minute: 10 }) }))
    expect((await plain.settle(settlement('r2', { units: 10 }))).crossed).toEqual([])
  })
})
