import { expect, it } from 'vitest'
import { createUpstashUsage } from '../../../edge/admin/upstash-usage.ts'
import type { KnownPlan } from '../../../edge/admin/usage.ts'
import { describeEachRedis, limits, request, settlement } from './each-redis.ts'

const ADA = 'firebase:ada'
const DAY = 86_400_000
/** Of an account whose plan only its token tells. */
const OF_TOKEN: KnownPlan = { billingDay: 1, budgets: undefined }
const PRO: KnownPlan = { billingDay: 1, budgets: { minute: 60, day: 70, month: 80 } }
const SMALL = limits({ minute: 30, day: 40, month: 50 })

describeEachRedis("an account's usage, as administration reads it", (redis) => {
  async function limitsBy(plan: KnownPlan): Promise<(number | undefined)[]> {
    const { url, token } = redis.local()
    const readUsage = createUpstashUsage({ url, token, timeoutMs: 20_000, clock: () => redis.clock.now })
    const { minute, day, month } = (await readUsage(ADA, plan)).budgets
    return [minute.limit, day.limit, month.limit]
  }

  it('has the limits of the last request where only the token tells the plan', async () => {
    expect(await limitsBy(OF_TOKEN)).toEqual([undefined, undefined, undefined])
    await redis.budget().reserve(request('r1', { limits: SMALL }))
    expect(await limitsBy(OF_TOKEN)).toEqual([30, 40, 50])
  })

  it('has those of the plan that is set, before the next request', async () => {
    expect(await limitsBy(PRO)).toEqual([60, 70, 80])
    await redis.budget().reserve(request('r1', { limits: SMALL }))
    expect(await limitsBy(PRO)).toEqual([60, 70, 80])
  })

  it('adds a grant to day and month, drawn or not, until it ends', async () => {
    const budget = redis.budget()
    const { accounts } = redis.records()
    await accounts.grant(ADA, 100, redis.clock.now + DAY)
    expect(await limitsBy(OF_TOKEN)).toEqual([undefined, undefined, undefined])
    expect(await limitsBy(PRO)).toEqual([60, 170, 180])
    // 15 units more than the day has.
    const roomy = limits({ minute: 1000, day: 40, month: 50 })
    expect(await budget.reserve(request('r1', { limits: roomy, units: 55 }))).toMatchObject({ granted: true })
    expect(await limitsBy(OF_TOKEN)).toEqual([1000, 140, 150])
    await budget.settle(settlement('r1', { units: 45 }))
    expect(await limitsBy(OF_TOKEN)).toEqual([1000, 140, 150])
    redis.clock.now += DAY
    // In the new day nothing was asked yet; of the grant only what the month has drawn is left.
    expect(await limitsBy(OF_TOKEN)).toEqual([undefined, undefined, 55])
    expect(await limitsBy(PRO)).toEqual([60, 70, 85])
  })
})
