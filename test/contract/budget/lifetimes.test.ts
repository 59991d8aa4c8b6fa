import { describe, expect, it } from 'vitest'
import { assertIssued } from '../../../edge/identity/claims.ts'
import { MAX_TOKEN_AGE_MS } from '../../../edge/store/lifetimes.ts'
import { describeEachRedis, events, limits, request, settlement, usage } from './each-redis.ts'

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
    for (const key of [
      'history:firebase:ada:2026-11',
      'latest:firebase:ada',
      'stats:2026-11',
      'top:2026-11-21',
    ])
      about(`twohop:${key}`, 93 * 24 * HOUR)
    expect(keys).toHaveLength(18)
  })

  describe("an account's record", () => {
    const RECORD = 'twohop:account:firebase:ada'
    const left = () => redis.command<number>('PTTL', RECORD)
    const ENDLESS = -1
    /** That the record ends in so many ms, by the clock of the test. */
    const endsIn = async (ms: number) => {
      expect(await left()).toBeGreaterThan(ms - 30_000)
      expect(await left()).toBeLessThanOrEqual(ms)
    }

    it('is made by no request, whoever asks', async () => {
      const budget = redis.budget()
      for (let n = 0; n < 20; n++) {
        const account = `firebase:demo:${n}`
        const asked = request(`r${n}`, { account })
        await budget.reserve(asked)
        await usage(budget, asked.limits, account)
        const reserved = { account, units: 10, plan: 'free', model: 'tiny-chat', task: 'chat', key: '' }
        await budget.settle(settlement(`r${n}`, { reserved }))
      }
      await budget.sweep(10)
      expect(await redis.command('KEYS', 'twohop:account:*')).toEqual([])
    })

    it('that has a grant ends after it, with the windows that drew on it', async () => {
      const { accounts } = redis.records()
      await accounts.grant('firebase:ada', 100, redis.clock.now + 30 * 24 * HOUR)
      await endsIn((30 * 24 + 26) * HOUR)
      // What is left is kept as long as the new grant runs.
      await accounts.grant('firebase:ada', 5, redis.clock.now + 40 * 24 * HOUR)
      await endsIn((40 * 24 + 26) * HOUR)
      expect((await accounts.get('firebase:ada')).extra).toMatchObject({ units: 105 })
      await accounts.set('firebase:ada', { status: 'active' })
      await endsIn((40 * 24 + 26) * HOUR)
    })

    it.each([
      ['a suspension', { status: 'suspended' }, { status: 'active' }],
      ['a plan', { plan: 'pro' }, { plan: null }],
      ['a billing day', { billingDay: 5 }, { billingDay: null }],
    ] as const)('that says more stays: %s, until it is taken back', async (_, said, back) => {
      const { accounts } = redis.records()
      await accounts.grant('firebase:ada', 100, redis.clock.now + HOUR)
      await accounts.set('firebase:ada', said)
      expect(await left()).toBe(ENDLESS)
      await accounts.grant('firebase:ada', 100, redis.clock.now + HOUR)
      expect(await left()).toBe(ENDLESS)
      await accounts.set('firebase:ada', back)
      await endsIn(27 * HOUR)
      expect((await accounts.get('firebase:ada')).extra).toMatchObject({ units: 200 })
    })

    it('that refuses tokens ends when the last of them is too old to be let in anyhow', async () => {
      const { accounts } = redis.records()
      const now = redis.clock.now / 1000
      await accounts.set('firebase:ada', { status: 'suspended', revokedBefore: now + 6 })
      expect(await left()).toBe(ENDLESS)
      await accounts.set('firebase:ada', { status: 'active' })
      await endsIn(6000 + MAX_TOKEN_AGE_MS + 26 * HOUR)
      // The last token that it refuses, at the moment in which the record ends.
      const end = redis.clock.now + 6000 + MAX_TOKEN_AGE_MS + 26 * HOUR
      expect(() => assertIssued(now + 5, end / 1000)).toThrow('issued too long ago')
      // A grant that lasts longer keeps it.
      await accounts.grant('firebase:ada', 1, redis.clock.now + 2 * MAX_TOKEN_AGE_MS)
      await endsIn(2 * MAX_TOKEN_AGE_MS + 26 * HOUR)
      await accounts.set('firebase:bob', { revokedBefore: 5 })
      expect(await redis.command<number>('PTTL', 'twohop:account:firebase:bob')).toBeLessThanOrEqual(
        26 * HOUR,
      )
    })

    it('that says nothing more is gone, or ends if an older version wrote it', async () => {
      const { accounts } = redis.records()
      await accounts.set('firebase:ada', { status: 'suspended' })
      await accounts.set('firebase:ada', { status: 'active' })
      expect(await redis.command('EXISTS', RECORD)).toBe(0)
      await redis.command('HSET', RECORD, 'status', 'active')
      await accounts.set('firebase:ada', { plan: 'pro' })
      expect(await left()).toBe(ENDLESS)
      await redis.command('HSET', RECORD, 'status', 'active')
      await accounts.set('firebase:ada', { plan: null })
      await endsIn(26 * HOUR)
    })

    it('that has ended is not made anew by what is given back late', async () => {
      const budget = redis.budget()
      const { accounts } = redis.records()
      await accounts.grant('firebase:ada', 100, redis.clock.now + 1000)
      const few = limits({ day: 5, month: 5 })
      expect((await budget.reserve(request('r1', { limits: few }))).granted).toBe(true)
      await redis.command('DEL', RECORD)
      await budget.settle(settlement('r1', { units: 0 }))
      expect(await redis.command('EXISTS', RECORD)).toBe(0)
    })
  })
})
