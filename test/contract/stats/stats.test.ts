import { expect, it } from 'vitest'
import { LATEST_BYTES, TOP_KEPT } from '../../../edge/stats/daily-sums.lua.ts'
import { createErrorCounts } from '../../../edge/stats/error-counts.ts'
import { createUpstashStats } from '../../../edge/stats/upstash-stats.ts'
import { describeEachRedis, events, limits, RESERVED, request, settlement } from '../budget/each-redis.ts'
import { expectRolledUp } from '../budget/rolled-up.ts'

const DAY = 86_400_000
const ADA = 'firebase:ada'
const TODAY = '2026-11-21'
const ONE = { from: TODAY, to: TODAY }

describeEachRedis('what is rolled up', (redis) => {
  const stats = () => createUpstashStats({ ...redis.local(), timeoutMs: 20_000, viewsPerMinute: 60 })
  const reserved = (account: string, units = 10) => ({ ...RESERVED, account, units })

  it('are the sums of an account by day, task and model, of whatever ended how', async () => {
    const budget = redis.budget()
    for (const [id, task, model, outcome] of [
      ['a', 'chat', 'tiny-chat', 'ok'],
      ['b', 'chat', 'tiny-chat', 'cancelled'],
      ['c', 'chat', 'tiny-chat', 'failed'],
      ['d', 'embedding', 'tiny embed', 'refused'],
    ] as const) {
      await budget.reserve(request(id, { task, model }))
      await budget.settle(settlement(id, { outcome, units: outcome === 'refused' ? 0 : 4 }))
    }
    await budget.reserve(request('swept', { leaseMs: 1 }))
    redis.clock.now += DAY
    await budget.sweep(1)
    await budget.reserve(request('other', { account: 'firebase:eve' }))
    await budget.settle(settlement('other', { reserved: reserved('firebase:eve') }))

    const chat = { model: 'tiny-chat', task: 'chat' }
    expect(await stats().history(ADA, { from: '2026-11-01', to: '2026-12-31' })).toEqual([
      { date: TODAY, model: 'tiny embed', task: 'embedding', ...sums(1, 1, 1, 3, 0) },
      { date: TODAY, ...chat, ...sums(4, 2, 3, 9, 22) },
    ])
    expect(await stats().history(ADA, { from: '2026-11-22', to: '2026-11-22' })).toEqual([])
    expect(await stats().history('firebase:eve', { from: '2026-11-22', to: '2026-11-22' })).toEqual([
      { date: '2026-11-22', ...chat, ...sums(1, 0, 1, 3, 4) },
    ])
    await expectRolledUp(redis, await events(redis))
  })

  it('are corrected with the charge: a late settlement makes a request no second one', async () => {
    const budget = redis.budget()
    await budget.reserve(request('late', { leaseMs: 1 }))
    redis.clock.now += 1000
    await budget.sweep(1)
    expect(await stats().history(ADA, ONE)).toMatchObject([sums(1, 1, 0, 0, 10)])
    await budget.settle(settlement('late', { measured: { totalMs: 1000 } }))
    await budget.settle(settlement('late'))
    expect(await stats().history(ADA, ONE)).toMatchObject([sums(1, 0, 1, 3, 4)])
    expect(await stats().latest(ADA, 9)).toMatchObject([{ id: 'late', outcome: 'ok', units: 4, ms: 1000 }])
    expect((await stats().stats(ONE))[0]).toMatchObject({
      models: [{ outcomes: { ok: 1, unsettled: 0 } }],
      topAccounts: [{ account: ADA, units: 4 }],
    })
    await expectRolledUp(redis, await events(redis))
  })

  it('hold what Redis had lost by the time it was charged, and nothing of what was never reserved', async () => {
    const budget = redis.budget()
    await budget.settle(settlement('lost'))
    await budget.settle(settlement('barred', { units: 0, outcome: 'refused' }))
    expect(await stats().history(ADA, ONE)).toMatchObject([sums(1, 0, 1, 3, 4)])
    await expectRolledUp(redis, await events(redis))
  })

  it("are an account's latest requests, the latest first, so many and no more", async () => {
    const budget = redis.budget()
    const line = `${crypto.randomUUID()} ${redis.clock.now} ok 100 300 1000 1200 chat some-chat-model\n`
    const many = line.repeat(LATEST_BYTES / line.length)
    await redis.command('SET', `twohop:latest:${ADA}`, many)
    for (let n = 0; n < 3; n++) {
      await budget.reserve(request(`r${n}`, { model: 'tiny chat' }))
      await budget.settle(settlement(`r${n}`, { measured: { totalMs: 11.2, firstMs: 3 } }))
    }
    const latest = await stats().latest(ADA, 100)
    expect(latest.map(({ id }) => id)).toEqual(['r2', 'r1', 'r0', line.slice(0, 36)])
    const kept = (await redis.command<string>('GET', `twohop:latest:${ADA}`)).split('\n')
    expect(kept.pop()).toBe('')
    expect(new Set(kept.slice(3))).toEqual(new Set([line.trim()]))
    expect(kept.length).toBeGreaterThan(50)
    expect(kept.join('\n').length).toBeLessThan(LATEST_BYTES)
    expect(latest[0]).toEqual({
      id: 'r2',
      at: redis.clock.now,
      model: 'tiny chat',
      task: 'chat',
      outcome: 'ok',
      prompt_tokens: 1,
      output_tokens: 3,
      units: 4,
      ms: 12,
    })
    expect(await stats().latest(ADA, 2)).toHaveLength(2)
    expect(await stats().latest('firebase:eve', 2)).toEqual([])
  })

  it('are times in buckets', async () => {
    const budget = redis.budget()
    for (const [id, totalMs, firstMs] of [
      ['a', 3, undefined],
      ['b', 40, 7],
      ['c', 1e9, 40],
    ] as const) {
      await budget.reserve(request(id))
      await budget.settle(settlement(id, { measured: { totalMs, firstMs } }))
    }
    const [today] = await stats().stats(ONE)
    const counts = (buckets: readonly number[]) =>
      buckets.flatMap((count, i) => (count > 0 ? [[i, count]] : []))
    expect(counts(today?.models[0]?.total.counts ?? [])).toEqual([
      [0, 1],
      [3, 1],
      [16, 1],
    ])
    expect(today?.models[0]?.total.sumMs).toBe(1e9 + 43)
    expect(counts(today?.models[0]?.first.counts ?? [])).toEqual([
      [1, 1],
      [3, 1],
    ])
  })

  it('are the top accounts, exactly, however many there are', async () => {
    const budget = redis.budget()
    const use = async (account: string, units: number) => {
      const id = `${account}-${crypto.randomUUID()}`
      await budget.reserve(request(id, { account, units }))
      await budget.settle(settlement(id, { units, reserved: reserved(account, units) }))
    }
    // One that is dropped comes back with all that it used, not with what it used since.
    await use('small', 5)
    const others = Array.from({ length: TOP_KEPT - 1 }, (_, n) => [10, `other-${n}`])
    await redis.command('ZADD', `twohop:top:${TODAY}`, ...others.flat())
    await use('many', 11)
    expect(await redis.command('ZSCORE', `twohop:top:${TODAY}`, 'small')).toBeNull()
    await use('small', 7)
    expect(await redis.command('ZCARD', `twohop:top:${TODAY}`)).toBe(TOP_KEPT)
    const [today] = await stats().stats(ONE)
    expect(today?.topAccounts.slice(0, 2)).toEqual([
      { account: 'small', units: 12 },
      { account: 'many', units: 11 },
    ])
  })

  it('are errors that an edge counted, with its next settlement or sweep, once', async () => {
    const errors = createErrorCounts()
    const budget = redis.budget({ errors })
    await budget.reserve(request('r1'))
    errors.count('rate_limited')
    errors.count('rate_limited')
    errors.count('token_expired')
    const before = await redis.requests()
    await budget.settle(settlement('r1'))
    expect((await redis.requests()) - before).toBeLessThanOrEqual(2)
    await budget.settle(settlement('r1'))
    errors.count('internal')
    await budget.sweep(1)
    await budget.sweep(1)
    expect((await stats().stats(ONE))[0]?.errors).toEqual({ rate_limited: 2, token_expired: 1, internal: 1 })
  })

  it('are errors also after the store was away', async () => {
    const errors = createErrorCounts()
    errors.count('store_unavailable')
    const away = redis.budget({ errors, url: 'http://127.0.0.1:9', settleRetryMs: [] })
    await expect(away.settle(settlement('r1'))).rejects.toThrow()
    await redis.budget({ errors, project: {} }).sweep(1)
    expect((await stats().stats(ONE))[0]?.errors).toEqual({ store_unavailable: 1 })
  })

  it('are what a month used up to a day, and what the week before it did, be it in the month before', async () => {
    const budget = redis.budget({ errors: createErrorCounts() })
    const began = Date.parse(TODAY)
    for (const [id, days] of [
      ['before the week', 3],
      ['in the week', 5],
      ['in the month', 11],
    ] as const) {
      redis.clock.now = began + days * DAY
      await budget.reserve(request(id))
      await budget.settle(settlement(id))
    }
    const week = (requests: number, from: string) => ({
      used: sums(requests, 0, requests, 3 * requests, 4 * requests),
      from,
    })
    const [one, none] = [sums(1, 0, 1, 3, 4), sums(0, 0, 0, 0, 0)]
    const before = await redis.requests()
    expect(await stats().monthTo('2026-12-02')).toEqual({ used: one, recent: week(2, '2026-11-25') })
    expect((await redis.requests()) - before).toBe(1)
    expect(await stats().monthTo('2026-12-01')).toEqual({ used: none, recent: week(2, '2026-11-24') })
    expect(await stats().monthTo('2026-11-30')).toMatchObject({
      used: { requests: 2 },
      recent: week(2, '2026-11-24'),
    })
    expect(await stats().monthTo('2027-03-01')).toEqual({ used: none, recent: week(0, '2027-03-01') })
  })

  it('cost one round trip a view, a command for each month and each day', async () => {
    const commands = async (read: () => Promise<unknown>) => {
      const before = await redis.requests()
      await read()
      return (await redis.requests()) - before
    }
    const span = { from: '2026-08-22', to: TODAY }
    expect(await commands(() => stats().history(ADA, span))).toBe(1)
    expect(await commands(() => stats().latest(ADA, 10))).toBe(1)
    expect(await commands(() => stats().stats(span))).toBe(1)
  })

  it('never stand in the way: a plan without a budget left is refused and rolls up nothing', async () => {
    const budget = redis.budget()
    expect((await budget.reserve(request('r1', { limits: limits({ day: 5 }) }))).granted).toBe(false)
    expect(await redis.command('KEYS', 'twohop:[hlst][ioa][sot]*')).toEqual([])
  })
})

const sums = (requests: number, failed: number, prompt: number, output: number, units: number) => ({
  requests,
  failed,
  prompt_tokens: prompt,
  output_tokens: output,
  units,
})
