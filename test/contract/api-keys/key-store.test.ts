import { beforeEach, expect, it } from 'vitest'
import { createUpstashRate } from '../../../edge/access/upstash-rate.ts'
import type { NewApiKey, RevokeBy } from '../../../edge/api-keys/port.ts'
import { createUpstashApiKeys } from '../../../edge/api-keys/upstash.ts'
import type { Act } from '../../../edge/audit/port.ts'
import { createUpstashAudit } from '../../../edge/audit/upstash.ts'
import type { Payer } from '../../../edge/budget/port.ts'
import { holdClock } from '../../fixtures/hold-clock.ts'
import { describeEachRedis, PLENTY, request, usage } from '../budget/each-redis.ts'

const DAY = 86_400_000
const HASH = 'a'.repeat(64)

describeEachRedis('the store of API keys', (redis) => {
  // Now, since a key's record lasts until a date: a real Redis keeps none that is past.
  beforeEach(() => {
    redis.clock.now = Date.now()
  })
  const options = () => ({ ...redis.local(), timeoutMs: 20_000 })
  const store = () => createUpstashApiKeys({ ...options(), clock: () => redis.clock.now })
  const audit = () => createUpstashAudit(options())
  const act = (action: string, target: string): Act => ({
    actor: 'firebase:ada',
    action,
    target,
    reason: undefined,
    detail: { scopes: ['embed'] },
  })
  const newKey = (id: string, changes: Partial<NewApiKey> = {}): NewApiKey => ({
    id,
    name: 'my server',
    secretHash: HASH,
    scopes: ['embed', 'tasks:fill-mask'],
    plan: undefined,
    expiresAt: redis.clock.now + 90 * DAY,
    ...changes,
  })
  const ADA = { account: 'firebase:ada', issuedAt: 0 }
  const EVE = { account: 'firebase:eve', issuedAt: 0 }
  const key = (id: string) => ({ key: id, secretHash: HASH, scope: '' })
  const make = (id: string, changes?: Partial<NewApiKey>, caller: Payer = ADA) =>
    store().create(newKey(id, changes), caller, act('key.create', id))
  const byKey = (changes: Partial<{ key: string; secretHash: string; scope: string }> = {}) => ({
    plan: 'free',
    key: 'k1',
    secretHash: HASH,
    scope: 'embed',
    ...changes,
  })
  const reserve = async (id: string, changes?: Parameters<typeof byKey>[0]) => {
    const decision = await redis.budget().reserve(request(id, { spender: byKey(changes) }))
    return decision.granted ? 'granted' : decision.code
  }

  it('keeps what was made, and the reservation lets it in for its scopes and no other', async () => {
    await make('k0')
    expect(await make('k1', { plan: 'free' }, key('k0'))).toBe(redis.clock.now)
    expect(await store().get('k1')).toEqual({
      ...newKey('k1', { plan: 'free' }),
      account: 'firebase:ada',
      madeBy: 'k0',
      createdAt: redis.clock.now,
      lastUsedAt: undefined,
      revoked: false,
    })
    expect(await store().get('k2')).toBeUndefined()
    expect(await reserve('r1')).toBe('granted')
    expect(await reserve('r2', { scope: 'chat' })).toBe('scope_missing')
    expect(await reserve('r3', { secretHash: 'b'.repeat(64) })).toBe('key_invalid')
    expect((await usage(redis.budget(), PLENTY)).allowance.budgets.day.held).toBe(10)
  })

  it('knows when a key was last let in, in the same round trip, and not when it was refused', async () => {
    await make('k1')
    redis.clock.now += 5000
    expect(await reserve('r1', { scope: 'chat' })).toBe('scope_missing')
    expect((await store().get('k1'))?.lastUsedAt).toBeUndefined()
    await redis.budget().usage(byKey(), 'free', PLENTY)
    const before = await redis.requests()
    expect(await reserve('r2')).toBe('granted')
    expect((await redis.requests()) - before).toBe(1)
    expect((await store().get('k1'))?.lastUsedAt).toBe(redis.clock.now)
  })

  it('are made a hundred times a day at most, so no account fills the log; ending one is never refused', async () => {
    const revoke = (id: string) => store().revoke(id, { caller: ADA }, act('key.revoke', id))
    for (let n = 0; n < 100; n++) {
      expect(await make(`k${n}`)).toBe(redis.clock.now)
      if (n >= 5) await revoke(`k${n}`)
    }
    const refused = await make('more').catch((thrown: unknown) => thrown)
    expect(refused).toMatchObject({
      code: 'rate_limited',
      message: 'An account may make 100 API keys a day.',
    })
    const { retryAfterMs } = refused as { retryAfterMs: number }
    expect(retryAfterMs).toBeGreaterThan(DAY - 60_000)
    expect(retryAfterMs).toBeLessThanOrEqual(DAY)
    // A key of the account counts as the account, and another account does not.
    await expect(make('more', {}, key('k0'))).rejects.toMatchObject({ code: 'rate_limited' })
    expect(await make('theirs', {}, EVE)).toBe(redis.clock.now)
    expect(await store().get('more')).toBeUndefined()
    for (let n = 0; n < 5; n++) expect((await revoke(`k${n}`))?.revoked).toBe(true)
    expect(await redis.command('XLEN', 'twohop:audit')).toBe(201)
    await redis.command('DEL', 'twohop:keys-new:firebase:ada')
    expect(await make('more')).toBe(redis.clock.now)
  })

  it('ends a key with effect on the next request, for its own account only', async () => {
    await make('k1')
    expect(await reserve('r1')).toBe('granted')
    const revoke = (by: RevokeBy) => store().revoke('k1', by, act('key.revoke', 'k1'))
    expect(await revoke({ caller: EVE })).toBeUndefined()
    expect(await revoke({ secretHash: 'b'.repeat(64) })).toBeUndefined()
    await expect(revoke({ secretHash: '' })).rejects.toMatchObject({ code: 'store_unavailable' })
    expect(await reserve('r2')).toBe('granted')
    expect(await revoke({ caller: ADA })).toEqual({
      key: { id: 'k1', account: 'firebase:ada', name: 'my server', scopes: ['embed', 'tasks:fill-mask'] },
      revoked: true,
      alsoRevoked: [],
    })
    expect(await reserve('r3')).toBe('key_revoked')
    expect((await store().get('k1'))?.revoked).toBe(true)
    expect(await revoke({ secretHash: HASH })).toMatchObject({ revoked: false, alsoRevoked: [] })
    expect(await store().list('firebase:ada')).toEqual([])
    expect((await audit().list({ most: 10 })).entries.map(({ action }) => action)).toEqual([
      'key.revoke',
      'key.create',
    ])
  })

  it('ends with a key all that it made and those made, and no others', async () => {
    for (const [id, madeBy] of [['z'], ['a', 'z'], ['b', 'a'], ['c', 'b'], ['d']] as const)
      await make(id, {}, madeBy === undefined ? ADA : key(madeBy))
    const { alsoRevoked } = (await store().revoke('z', { caller: ADA }, act('key.revoke', 'z'))) ?? {}
    expect(alsoRevoked?.toSorted()).toEqual(['a', 'b', 'c'])
    expect((await store().list('firebase:ada')).map(({ id }) => id)).toEqual(['d'])
    for (const id of ['a', 'b', 'c', 'z']) expect(await reserve(`r-${id}`, { key: id })).toBe('key_revoked')
    expect(await reserve('r-d', { key: 'd' })).toBe('granted')
  })

  it('holds 50 working keys an account, however many ask at once; ended ones make room', async () => {
    const asked = Array.from({ length: 60 }, (_, i) =>
      make(`k${i}`, i === 0 ? { expiresAt: redis.clock.now + 1000 } : {}),
    )
    const made = await Promise.all(asked)
    expect(made.filter((at) => at !== undefined)).toHaveLength(50)
    expect(await make('other', {}, EVE)).toBeDefined()
    expect(await store().list('firebase:ada')).toHaveLength(50)
    redis.clock.now += 1001
    expect(await store().list('firebase:ada')).toHaveLength(49)
    expect(await make('late')).toBeDefined()
    expect(await make('later')).toBeUndefined()
  })

  it('forgets a key 30 days after its end', async () => {
    await make('k1', { expiresAt: Date.now() + DAY })
    const left = await redis.command<number>('PTTL', 'twohop:key:k1')
    expect(left).toBeGreaterThan(31 * DAY - 20_000)
    expect(left).toBeLessThanOrEqual(31 * DAY)
    expect(await redis.command<number>('TTL', 'twohop:keys:firebase:ada')).toBeGreaterThan(364 * 86_400)
  })

  it('forgets a revoked key 30 days after that, however long it had to live', async () => {
    await make('k1', { expiresAt: Date.now() + 365 * DAY })
    await store().revoke('k1', { caller: ADA }, act('key.revoke', 'k1'))
    expect(await redis.command<number>('PTTL', 'twohop:key:k1')).toBeLessThanOrEqual(30 * DAY)
    expect(await reserve('r1')).toBe('key_revoked')
  })

  it('keeps the newest 200 revoked keys of an account, whoever makes and revokes them day after day', async () => {
    for (let i = 0; i < 203; i++) {
      redis.clock.now++
      if (i % 100 === 0) await redis.command('DEL', 'twohop:keys-new:firebase:ada')
      await make(`k${i}`)
      await store().revoke(`k${i}`, { caller: ADA }, act('key.revoke', `k${i}`))
    }
    const kept = async (id: string) => (await store().get(id)) !== undefined
    expect(await Promise.all(['k0', 'k2', 'k3', 'k202'].map(kept))).toEqual([false, false, true, true])
    expect(await redis.command<number>('ZCARD', 'twohop:keys:firebase:ada')).toBe(200)
    expect(await store().list('firebase:ada')).toEqual([])
    expect(await make('next')).toBeDefined()
  })

  it('writes no secret into the audit log', async () => {
    await make('k1')
    const entries = await redis.command<unknown[]>('XRANGE', 'twohop:audit', '-', '+')
    expect(entries).toHaveLength(1)
    expect(JSON.stringify(entries)).not.toContain(HASH)
  })

  it('counts acts, and refuses what is too many', async () => {
    holdClock()
    const countAct = createUpstashRate({ ...options(), perMinute: 3 })
    for (let i = 0; i < 3; i++) await countAct('ada')
    await expect(countAct('ada')).rejects.toMatchObject({ code: 'rate_limited' })
    await countAct('eve')
  })
})

describeEachRedis('the audit log', (redis) => {
  const audit = () => createUpstashAudit({ ...redis.local(), timeoutMs: 20_000 })
  const act = (n: number): Act => ({
    actor: 'firebase:root',
    action: 'account.suspend',
    target: n % 300 === 0 ? 'firebase:ada' : 'firebase:bob',
    reason: n % 2 ? 'abuse' : undefined,
    detail: { n },
  })

  it('is read from its end, page by page, whole or of one target', async () => {
    const words = (n: number) => [
      'XADD',
      'twohop:audit',
      '*',
      'actor',
      'r',
      'action',
      'a',
      'target',
      act(n).target,
    ]
    await redis.pipeline(
      Array.from({ length: 1200 }, (_, n) => [...words(n), 'reason', '', 'detail', JSON.stringify({ n })]),
    )
    for (const [target, expected] of [
      [undefined, 1200],
      ['firebase:ada', 4],
    ] as const) {
      const found: unknown[] = []
      let next: string | undefined
      do {
        const page = await audit().list({ target, next, most: 100 })
        expect(page.entries.length).toBeLessThanOrEqual(100)
        found.push(...page.entries.map(({ detail }) => detail.n))
        next = page.next
      } while (next !== undefined)
      expect(found).toHaveLength(expected)
      expect(found).toEqual(found.toSorted((a, b) => Number(b) - Number(a)))
    }
  })

  it('gives an act back as it was', async () => {
    await audit().record(act(1))
    await audit().record(act(2))
    const { entries, next } = await audit().list({ most: 10 })
    expect(next).toBeUndefined()
    expect(entries.map(({ id, at, ...rest }) => rest)).toEqual([act(2), act(1)])
    expect(Math.abs((entries[0]?.at ?? 0) - Date.now())).toBeLessThan(60_000)
  })

  it('fails closed when the store is away', async () => {
    const away = createUpstashAudit({ url: 'http://127.0.0.1:9', token: 'x', timeoutMs: 1000 })
    await expect(away.record(act(1))).rejects.toMatchObject({ code: 'store_unavailable' })
  })
})
