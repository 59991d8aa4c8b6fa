import { expect, it } from 'vitest'
import { describeEachRedis, events, request, settlement, usage } from './each-redis.ts'

const HOUR = 3_600_000

describeEachRedis('lifetimes', (redis) => {
  it('ends every key but the event stream and the account records', async () => {
    const budget = redis.budget()
    await redis.command('HSET', 'twohop:account:firebase:ada', 'status', 'active')
    for (const id of ['open', 'settled', 'swept', 'corrected'])
      await budget.reserve(request(id, { leaseMs: id === 'open' ? HOUR : 1000 }))
    await budget.settle(settlement('settled'))
    await budget.settle(settlement('early', { units: 0 }))
    redis.clock.now += 1000
    expect(await budget.sweep(10)).toMatchObject({ charged: 2 })
    await budget.settle(settlement('corrected'))
    await usage(budget, request('any').limits)

    const keys = (await redis.command<string[]>('KEYS', '*')).sort()
    const lifetimes = new Map<string, number>()
    for (const key of keys) lifetimes.set(key, await redis.command<number>('PTTL', key))
    const endless = keys.filter((key) => lifetimes.get(key) === -1)
    expect(endless).toEqual(['twohop:account:firebase:ada', 'twohop:events'])
    expect(await events(redis)).toHaveLength(4)

    const about = (key: string, ms: number) => {
      const left = lifetimes.get(key) ?? 0
      expect(left, key).toBeGreaterThan(ms - 30_000)
      expect(left, key).toBeLessThanOrEqual(ms)
    }
    const reserved = Date.UTC(2026, 10, 21, 10, 59, 30)
    about('twohop:budget:firebase:ada:minute:2026-11-21T10:59', 30_000 + 60_000)
    about('twohop:budget:firebase:ada:day:2026-11-21', Date.UTC(2026, 10, 22) - reserved + 26 * HOUR)
    about('twohop:budget:firebase:ada:month:2026-11', Date.UTC(2026, 11, 1) - reserved + 26 * HOUR)
    about('twohop:month:firebase:ada', Date.UTC(2026, 11, 1) - reserved + 32 * 24 * HOUR)
    about('twohop:leases:firebase:ada', HOUR)
    about('twohop:open', 7 * 24 * HOUR)
    about('twohop:reservation:open', 7 * 24 * HOUR)
    about('twohop:reservation:swept', 24 * HOUR)
    about('twohop:reservation:settled', HOUR)
    about('twohop:reservation:corrected', HOUR)
    about('twohop:reservation:early', HOUR)
    expect(keys).toHaveLength(14)
  })
})
