import { describe, expect, it } from 'vitest'
import type { AccountPage } from '../../../edge/budget/accounts.ts'
import type { Spender } from '../../../edge/budget/port.ts'
import { createUpstashAccounts } from '../../../edge/budget/upstash-accounts.ts'
import { administered } from '../../fixtures/administrator.ts'
import {
  allowanceOf,
  counters,
  describeEachRedis,
  events,
  ISSUED_AT,
  limits,
  PLENTY,
  type RunningRedis,
  request,
  settlement,
  usage,
  user,
} from './each-redis.ts'

const HASH = 'a'.repeat(64)
const KEY: Record<string, string> = {
  account: 'firebase:ada',
  secret_hash: HASH,
  scopes: 'embed tasks:fill-mask',
}
/** Replaces a key's record, as whoever makes and revokes keys writes it. */
async function writeKey(redis: RunningRedis, changes: Record<string, string> = {}): Promise<void> {
  await redis.command('DEL', 'twohop:key:k1')
  await redis.command('HSET', 'twohop:key:k1', ...Object.entries({ ...KEY, ...changes }).flat())
}
const byKey = (changes: Partial<{ key: string; secretHash: string; scope: string }> = {}): Spender => ({
  plan: 'free',
  key: 'k1',
  secretHash: HASH,
  scope: 'embed',
  ...changes,
})

describeEachRedis("an account's record", (redis) => {
  it('suspends and restores with effect on the next request, in the same round trip', async () => {
    const budget = redis.budget()
    const { accounts } = redis.records()
    expect((await budget.reserve(request('r1'))).granted).toBe(true)
    await accounts.set('firebase:ada', { status: 'suspended' })
    const before = await redis.requests()
    expect(await budget.reserve(request('r2'))).toMatchObject({ granted: false, code: 'account_suspended' })
    expect((await redis.requests()) - before).toBe(1)
    await expect(usage(budget, PLENTY)).rejects.toMatchObject({ code: 'account_suspended' })
    await accounts.set('firebase:ada', { status: 'active' })
    expect((await budget.reserve(request('r3'))).granted).toBe(true)
  })

  it('refuses tokens issued before a second, and no later ones', async () => {
    const budget = redis.budget()
    await redis.records().accounts.set('firebase:ada', { revokedBefore: ISSUED_AT })
    expect((await budget.reserve(request('r1'))).granted).toBe(true)
    await redis.records().accounts.set('firebase:ada', { revokedBefore: ISSUED_AT + 1 })
    expect(await budget.reserve(request('r2'))).toMatchObject({ granted: false, code: 'token_revoked' })
    const fresh = { ...user(), issuedAt: ISSUED_AT + 1 }
    expect((await budget.reserve(request('r3', { spender: fresh }))).granted).toBe(true)
  })

  it('overrides the plan: nothing is held until the limits are those of the right one', async () => {
    const budget = redis.budget()
    const { accounts } = redis.records()
    await accounts.set('firebase:ada', { plan: 'pro' })
    expect(await budget.reserve(request('r1'))).toEqual({ granted: false, code: 'plan_is', plan: 'pro' })
    const names = await redis.command<string[]>('KEYS', '*')
    expect(names.toSorted()).toEqual(['twohop:account:firebase:ada', 'twohop:audit'])
    expect((await budget.reserve(request('r1', { plan: 'pro' }))).granted).toBe(true)
    expect(await budget.usage(user(), 'free', PLENTY)).toEqual({
      granted: false,
      code: 'plan_is',
      plan: 'pro',
    })
    expect(await budget.plan(user())).toBe('pro')
    await accounts.set('firebase:ada', { plan: null })
    expect(await budget.reserve(request('r2', { plan: 'pro' }))).toEqual({
      granted: false,
      code: 'plan_is',
      plan: 'free',
    })
    expect(await budget.plan(user())).toBeUndefined()
  })

  it('is read and written field by field', async () => {
    const { accounts } = redis.records()
    const none = {
      status: 'active',
      plan: undefined,
      billingDay: undefined,
      revokedBefore: undefined,
      extra: undefined,
    }
    expect(await accounts.get('ada')).toEqual(none)
    await accounts.set('ada', { plan: 'pro', billingDay: 31, revokedBefore: 5 })
    await accounts.set('ada', { status: 'suspended', plan: null })
    expect(await accounts.get('ada')).toEqual({
      ...none,
      status: 'suspended',
      billingDay: 31,
      revokedBefore: 5,
    })
    await accounts.set('ada', {})
    for (const wrong of [{ billingDay: 0 }, { billingDay: 32 }, { revokedBefore: 1.5 }, { plan: '' }])
      await expect(accounts.set('ada', wrong)).rejects.toThrow(RangeError)
    await accounts.set('ada', { status: null, billingDay: null, revokedBefore: null })
    expect(await redis.command('EXISTS', 'twohop:account:ada')).toBe(0)
  })

  it('is found in a list that goes on page by page', async () => {
    const { accounts } = redis.records()
    const names = Array.from({ length: 1200 }, (_, i) => `firebase:demo:${i}`)
    await redis.pipeline(names.map((name) => ['HSET', `twohop:account:${name}`, 'status', 'suspended']))
    await redis.command('HSET', 'twohop:accounting', 'status', 'active')
    const found = new Set<string>()
    let page: AccountPage | undefined
    do {
      page = await accounts.list(page?.next)
      for (const { account, status } of page.accounts) {
        expect(status).toBe('suspended')
        found.add(account)
      }
    } while (page.next !== undefined)
    expect([...found].sort()).toEqual(names.sort())
  })

  it('is found in the list without a record, from its first request on, and once', async () => {
    const { accounts } = redis.records()
    await redis.budget().reserve(request('one', { account: 'firebase:demo:new' }))
    await redis.budget().reserve(request('two', { account: 'firebase:demo:known' }))
    await accounts.set('firebase:demo:known', { plan: 'free' })
    const { accounts: found } = await accounts.list()
    expect(found.map(({ account, status }) => `${account} ${status}`).sort()).toEqual([
      'firebase:demo:known active',
      'firebase:demo:new active',
    ])
  })
})

describeEachRedis('a grant of extra units', (redis) => {
  const tight = { limits: limits({ day: 15, month: 15 }) }

  it('pays what the day and the month lack, once, and no more', async () => {
    const budget = redis.budget()
    const { accounts } = redis.records()
    expect(await accounts.grant('firebase:ada', 20, redis.clock.now + 5000)).toEqual({
      units: 20,
      until: redis.clock.now + 5000,
    })
    const first = await budget.reserve(request('r1', tight))
    expect(allowanceOf(first)?.budgets).toMatchObject({ day: { limit: 35 }, minute: { limit: 1_000_000 } })
    await budget.reserve(request('r2', tight))
    expect((await accounts.get('firebase:ada')).extra?.units).toBe(15)
    const third = await budget.reserve(request('r3', tight))
    expect(allowanceOf(third)?.budgets.day).toMatchObject({ limit: 35, held: 30 })
    expect(await budget.reserve(request('r4', tight))).toMatchObject({
      code: 'budget_exhausted',
      window: 'month',
    })
    expect((await budget.reserve(request('r5', { ...tight, units: 5 }))).granted).toBe(true)
    expect((await accounts.get('firebase:ada')).extra?.units).toBe(0)
    expect(await counters(redis, 'day:2026-11-21')).toMatchObject({ held: 35 })
  })

  it('pays beside a budget that is as large as can be counted', async () => {
    const wide = { limits: limits({ day: Number.MAX_SAFE_INTEGER, month: 15 }) }
    await redis.records().accounts.grant('firebase:ada', 20, redis.clock.now + 5000)
    const first = await redis.budget().reserve(request('r1', { ...wide, units: 30 }))
    expect(allowanceOf(first)?.budgets).toMatchObject({
      day: { limit: Number.MAX_SAFE_INTEGER, held: 30 },
      month: { limit: 35, held: 30 },
    })
  })

  it('gets back what was not used, and the event says what it paid', async () => {
    const budget = redis.budget()
    const { accounts } = redis.records()
    await accounts.grant('firebase:ada', 20, redis.clock.now + 5000)
    await budget.reserve(request('r1', { ...tight, units: 30, leaseMs: 1000 }))
    expect((await accounts.get('firebase:ada')).extra?.units).toBe(5)
    await budget.settle(settlement('r1', { units: 18 }))
    expect((await accounts.get('firebase:ada')).extra?.units).toBe(17)
    expect(await events(redis)).toMatchObject([{ units: '18', extra_units: '3' }])
    expect((await budget.reserve(request('r2', { ...tight, units: 17 }))).granted).toBe(true)
    expect(await budget.reserve(request('r3', { ...tight, units: 1 }))).toMatchObject({
      code: 'budget_exhausted',
    })
  })

  it('pays in full for what the sweep charges, and gets the rest back from a late settlement', async () => {
    const budget = redis.budget()
    const { accounts } = redis.records()
    await accounts.grant('firebase:ada', 20, redis.clock.now + 5000)
    await budget.reserve(request('r1', { ...tight, units: 30, leaseMs: 1000 }))
    redis.clock.now += 1000
    await budget.sweep(1)
    expect((await accounts.get('firebase:ada')).extra?.units).toBe(5)
    await budget.settle(settlement('r1', { units: 2 }))
    expect((await accounts.get('firebase:ada')).extra?.units).toBe(20)
    expect(await events(redis)).toMatchObject([
      { units: '30', extra_units: '15' },
      { units: '-28', extra_units: '-15' },
    ])
  })

  it('is never more than can be counted', async () => {
    const { accounts } = redis.records()
    const until = redis.clock.now + 9000
    await accounts.grant('firebase:ada', 7, until)
    const most = Number.MAX_SAFE_INTEGER
    expect(await accounts.grant('firebase:ada', most, until)).toEqual({ units: most, until })
  })

  it('ends in time, raises no minute, and takes nothing back for an older one', async () => {
    const budget = redis.budget()
    const { accounts } = redis.records()
    const { now } = redis.clock
    await accounts.grant('firebase:ada', 20, now + 5000)
    expect(await budget.reserve(request('r0', { limits: limits({ minute: 5 }) }))).toMatchObject({
      code: 'budget_exhausted',
      window: 'minute',
    })
    await budget.reserve(request('r1', { ...tight, units: 30 }))
    expect(await accounts.grant('firebase:ada', 10, now + 2000)).toEqual({ units: 15, until: now + 5000 })
    redis.clock.now += 5000
    expect(await budget.reserve(request('r2', tight))).toMatchObject({ code: 'budget_exhausted' })
    expect(await accounts.grant('firebase:ada', 7, now + 9000)).toEqual({ units: 7, until: now + 9000 })
    await budget.settle(settlement('r1', { units: 0 }))
    expect((await accounts.get('firebase:ada')).extra?.units).toBe(7)
    for (const wrong of [-1, 0.5, 2 ** 53])
      await expect(accounts.grant('firebase:ada', wrong, now)).rejects.toThrow(RangeError)
  })

  it('is not paid twice, whoever asks at once', async () => {
    const budgets = [redis.budget({ timeoutMs: 20_000 }), redis.budget({ timeoutMs: 20_000 })]
    await redis.records().accounts.grant('firebase:ada', 35, redis.clock.now + 5000)
    const decisions = await Promise.all(
      Array.from({ length: 60 }, (_, i) => budgets[i % 2]?.reserve(request(`r${i}`, tight))),
    )
    expect(decisions.filter((decision) => decision?.granted)).toHaveLength(5)
    expect(await counters(redis, 'month:2026-11')).toMatchObject({ held: 50 })
  })
})

describeEachRedis('an API key', (redis) => {
  it('spends for its account, checked in the same round trip, and the event names it', async () => {
    const budget = redis.budget()
    await writeKey(redis)
    await budget.reserve(request('warm-up', { account: 'other' }))
    const before = await redis.requests()
    const decision = await budget.reserve(request('r1', { spender: byKey() }))
    expect((await redis.requests()) - before).toBe(1)
    expect(decision).toMatchObject({ granted: true, account: 'firebase:ada' })
    expect(await counters(redis, 'day:2026-11-21')).toMatchObject({ held: 10 })
    await budget.settle(settlement('r1'))
    expect(await events(redis)).toMatchObject([{ account: 'firebase:ada', key: 'k1', units: '4' }])
    const report = await budget.usage(byKey({ scope: '' }), 'free', PLENTY)
    expect(report).toMatchObject({ account: 'firebase:ada', concurrent: { running: 0 } })
  })

  it.each<[string, Record<string, string>, Parameters<typeof byKey>[0], string]>([
    ['that nobody made', {}, { key: 'k2' }, 'key_invalid'],
    ['with another secret', {}, { secretHash: 'b'.repeat(64) }, 'key_invalid'],
    ['that was revoked', { revoked: '1' }, {}, 'key_revoked'],
    ['whose secret is wrong, before all else', { revoked: '1' }, { secretHash: '' }, 'key_invalid'],
    ['without the scope', {}, { scope: 'chat' }, 'scope_missing'],
    ['with a part of the scope', {}, { scope: 'tasks' }, 'scope_missing'],
    ['with a pattern for a scope', {}, { scope: 'tasks:.*' }, 'scope_missing'],
    ['without any scope', { scopes: '' }, {}, 'scope_missing'],
  ])('%s is refused, and holds nothing', async (_, record, credential, code) => {
    await writeKey(redis, record)
    const decision = await redis.budget().reserve(request('r1', { spender: byKey(credential) }))
    expect(decision).toMatchObject({ granted: false, code })
    expect(await redis.command('KEYS', '*')).toEqual(['twohop:key:k1'])
  })

  it('ends in time and is revoked with effect on the next request', async () => {
    const budget = redis.budget()
    const expiresAt = redis.clock.now + 1000
    await writeKey(redis, { expires_at: String(expiresAt) })
    expect((await budget.reserve(request('r1', { spender: byKey() }))).granted).toBe(true)
    redis.clock.now = expiresAt
    expect(await budget.reserve(request('r2', { spender: byKey() }))).toMatchObject({ code: 'key_expired' })
    await writeKey(redis, { revoked: '1' })
    expect(await budget.reserve(request('r3', { spender: byKey() }))).toMatchObject({ code: 'key_revoked' })
  })

  it("spends on the account's plan: of its record, of the key's, of the default", async () => {
    const budget = redis.budget()
    const { accounts } = redis.records()
    await writeKey(redis)
    expect((await budget.reserve(request('r1', { spender: byKey() }))).granted).toBe(true)
    await writeKey(redis, { plan: 'team' })
    expect(await budget.reserve(request('r2', { spender: byKey() }))).toMatchObject({ plan: 'team' })
    await accounts.set('firebase:ada', { plan: 'pro' })
    expect(await budget.reserve(request('r2', { spender: byKey() }))).toMatchObject({ plan: 'pro' })
    expect((await budget.reserve(request('r2', { spender: byKey(), plan: 'pro' }))).granted).toBe(true)
  })

  it('of a suspended account is refused; one of revoked tokens is not a token', async () => {
    const budget = redis.budget()
    const { accounts } = redis.records()
    await writeKey(redis)
    await accounts.set('firebase:ada', { revokedBefore: ISSUED_AT + 1000 })
    expect((await budget.reserve(request('r1', { spender: byKey() }))).granted).toBe(true)
    await accounts.set('firebase:ada', { status: 'suspended' })
    expect(await budget.reserve(request('r2', { spender: byKey() }))).toMatchObject({
      code: 'account_suspended',
    })
  })
})

describe('records in a store that does not answer', () => {
  it('are unavailable', async () => {
    const accounts = administered(
      createUpstashAccounts({ url: 'http://127.0.0.1:9', token: 't', timeoutMs: 500 }),
    )
    for (const ask of [
      () => accounts.get('ada'),
      () => accounts.set('ada', { plan: 'pro' }),
      () => accounts.grant('ada', 1, 1),
      () => accounts.list(),
    ])
      await expect(ask()).rejects.toMatchObject({ code: 'store_unavailable' })
  })
})
