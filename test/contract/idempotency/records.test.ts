import { describe, expect, it } from 'vitest'
import type { Idempotency, Payer, ReserveRequest } from '../../../edge/budget/port.ts'
import { createUpstashIdempotencyRecords } from '../../../edge/idempotency/upstash-records.ts'
import {
  counters,
  describeEachRedis,
  events,
  ISSUED_AT,
  limits,
  type RunningRedis,
  request,
  settlement,
  user,
} from '../budget/each-redis.ts'

const DAY = 86_400_000
const RECORD = 'twohop:idempotency:id1'
const idempotency = { id: 'id1', body: 'b1' }
const asked = (requestId: string, changes: Partial<ReserveRequest> & { account?: string } = {}) =>
  request(requestId, { idempotency, ...changes })
const answered = (requestId: string, answer?: string) =>
  settlement(requestId, { idempotency: { id: 'id1', answer } })
const inProgress = { granted: false, code: 'idempotency_in_progress' }
const reused = { granted: false, code: 'idempotency_key_reused' }
const again = { granted: false, code: 'answered', answer: 'sealed' }

/** Every key that would stay in Redis for good. */
async function undying(redis: RunningRedis): Promise<string[]> {
  const keys = await redis.command<string[]>('KEYS', 'twohop:*')
  const left = await redis.pipeline<number>(keys.map((key) => ['PTTL', key]))
  return keys.filter((key, i) => left[i] === -1 && key !== 'twohop:events')
}
const life = (redis: RunningRedis) => redis.command<number>('PTTL', RECORD)

describeEachRedis('a request with an idempotency key', (redis) => {
  it('of fifty that come at once holds once', async () => {
    const edges = [redis.budget(), redis.budget(), redis.budget()]
    const decisions = await Promise.all(
      Array.from({ length: 50 }, (_, i) => edges[i % 3]?.reserve(asked(`r${i}`))),
    )
    expect(decisions.filter((decision) => decision?.granted)).toHaveLength(1)
    expect(decisions.filter((decision) => decision && !decision.granted)).toEqual(
      Array.from({ length: 49 }, () => inProgress),
    )
    expect(await counters(redis, 'day:2026-11-21')).toEqual({ used: 0, held: 10, requests: 0 })
    expect(await redis.command('ZCARD', 'twohop:open')).toBe(1)
  })

  it('is answered once it has ended, and charged once', async () => {
    const budget = redis.budget()
    await budget.reserve(asked('r1'))
    await budget.settle(answered('r1', 'sealed'))
    for (const id of ['r2', 'r3']) expect(await budget.reserve(asked(id))).toEqual(again)
    expect((await events(redis)).map(({ units }) => units)).toEqual(['4'])
    expect(await counters(redis, 'day:2026-11-21')).toMatchObject({ used: 4, held: 0 })
  })

  it('is answered again by whoever has nothing left', async () => {
    const budget = redis.budget()
    const little = { limits: limits({ concurrent: 1, day: 10 }) }
    await budget.reserve(asked('r1', little))
    await budget.settle(answered('r1', 'sealed'))
    expect(await budget.reserve(request('r2', little))).toMatchObject({ code: 'budget_exhausted' })
    expect(await budget.reserve(asked('r3', little))).toEqual(again)
  })

  it('is answered as often as the account may ask at all, and no counter of it stays', async () => {
    const budget = redis.budget()
    const three = { limits: limits({ requestsPerMinute: 3 }) }
    await budget.reserve(asked('r1', three))
    await budget.settle(answered('r1', 'sealed'))
    expect(await budget.reserve(asked('r2', three))).toEqual(again)
    expect(await budget.reserve(asked('r3', { ...three, idempotency: { id: 'id1', body: 'b2' } }))).toEqual(
      reused,
    )
    expect(await budget.reserve(asked('r4', three))).toEqual(again)
    expect(await budget.reserve(asked('r5', three))).toMatchObject({ code: 'rate_limited' })
    redis.clock.now += 60_000
    expect(await budget.reserve(asked('r6', three))).toEqual(again)
    expect(await counters(redis, 'minute:2026-11-21T11:00')).toEqual({ used: 0, held: 0, requests: 1 })
    expect(await undying(redis)).toEqual([])
  })

  it('is not answered with another body, under way or ended', async () => {
    const budget = redis.budget()
    const other = { idempotency: { id: 'id1', body: 'b2' } }
    await budget.reserve(asked('r1'))
    expect(await budget.reserve(asked('r2', other))).toEqual(reused)
    await budget.settle(answered('r1', 'sealed'))
    expect(await budget.reserve(asked('r3', other))).toEqual(reused)
  })

  it('that got no whole answer may be tried again', async () => {
    const budget = redis.budget()
    for (const [i, outcome] of (['failed', 'cancelled', 'refused'] as const).entries()) {
      expect(await budget.reserve(asked(`r${i}`))).toMatchObject({ granted: true })
      await budget.settle({ ...answered(`r${i}`), outcome })
      expect(await redis.command('EXISTS', RECORD)).toBe(0)
    }
  })

  it('whose reservation was lost on the way is freed by the settlement of nothing, or barred by it', async () => {
    const budget = redis.budget()
    await budget.reserve(asked('r1'))
    await budget.settle({ ...answered('r1'), units: 0, outcome: 'refused' })
    await budget.settle({ ...answered('late'), units: 0, outcome: 'refused' })
    await expect(budget.reserve(asked('late'))).rejects.toMatchObject({ code: 'internal' })
    expect(await budget.reserve(asked('r2'))).toMatchObject({ granted: true })
  })

  it('leaves the key alone once it is of another attempt', async () => {
    const budget = redis.budget()
    await budget.reserve(asked('r1'))
    // As when its lease runs out.
    await redis.command('DEL', RECORD)
    await budget.reserve(asked('r2'))
    await budget.settle(answered('r1', 'sealed too late'))
    await budget.settle(answered('r1'))
    expect(await budget.reserve(asked('r3'))).toEqual(inProgress)
    await budget.settle(answered('r2', 'sealed'))
    expect(await budget.reserve(asked('r4'))).toEqual(again)
  })

  it('has its key as long as its lease, and its answer for a day', async () => {
    const budget = redis.budget()
    await budget.reserve(asked('r1', { leaseMs: 60_000 }))
    expect(await life(redis)).toBeGreaterThan(50_000)
    expect(await life(redis)).toBeLessThanOrEqual(60_000)
    await budget.settle(answered('r1', 'sealed'))
    expect(await life(redis)).toBeGreaterThan(DAY - 10_000)
    expect(await life(redis)).toBeLessThanOrEqual(DAY)
    expect(await undying(redis)).toEqual([])
  })

  it('is kept as long as the answers of the day are no more than 8 MiB, and done once in any case', async () => {
    const budget = redis.budget()
    const answer = 'x'.repeat(256 * 1024)
    const last = { id: 'id33', body: 'b1' }
    for (let i = 1; i <= 33; i++) {
      await budget.reserve(asked(`r${i}`, { idempotency: { id: `id${i}`, body: 'b1' } }))
      await budget.settle(settlement(`r${i}`, { idempotency: { id: `id${i}`, answer } }))
    }
    expect(await budget.reserve(asked('r34', { idempotency: { id: 'id31', body: 'b1' } }))).toEqual({
      ...again,
      answer,
    })
    expect(await budget.reserve(asked('r35', { idempotency: last }))).toEqual({ ...again, answer: 'gone' })
    const left = await redis.command<number>('PTTL', 'twohop:idempotency:id33')
    expect(left).toBeGreaterThan(590_000)
    expect(left).toBeLessThanOrEqual(600_000)
    await budget.reserve(
      asked('of another', { account: 'firebase:bob', idempotency: { id: 'bob', body: 'b1' } }),
    )
    await budget.settle(settlement('of another', { idempotency: { id: 'bob', answer } }))
    expect(
      await budget.reserve(asked('r36', { account: 'firebase:bob', idempotency: { id: 'bob', body: 'b1' } })),
    ).toEqual({ ...again, answer })
    expect(await undying(redis)).toEqual([])
  })

  it('makes no counter that stays where its day is long over', async () => {
    const budget = redis.budget()
    await budget.reserve(asked('r1'))
    await redis.command('DEL', 'twohop:budget:firebase:ada:day:2026-11-21')
    await budget.settle(answered('r1', 'sealed'))
    expect(await budget.reserve(asked('r2'))).toEqual(again)
    expect(await redis.command('EXISTS', 'twohop:budget:firebase:ada:day:2026-11-21')).toBe(0)
    expect(await undying(redis)).toEqual([])
  })

  it('gets no answer for a suspended account or a token that was revoked', async () => {
    const budget = redis.budget()
    const { accounts } = redis.records()
    await budget.reserve(asked('r1'))
    await budget.settle(answered('r1', 'sealed'))
    await accounts.set('firebase:ada', { status: 'suspended' })
    expect(await budget.reserve(asked('r2'))).toMatchObject({ code: 'account_suspended' })
    await accounts.set('firebase:ada', { status: 'active', revokedBefore: ISSUED_AT + 1 })
    expect(await budget.reserve(asked('r3'))).toMatchObject({ code: 'token_revoked' })
  })

  it('takes nothing where it is refused', async () => {
    const budget = redis.budget()
    expect(await budget.reserve(asked('r1', { limits: limits({ day: 1 }) }))).toMatchObject({
      code: 'budget_exhausted',
    })
    expect(await redis.command('EXISTS', RECORD)).toBe(0)
    expect(await budget.reserve(asked('r2'))).toMatchObject({ granted: true })
  })

  it('is one round trip to hold, one to settle and one to be answered again', async () => {
    const budget = redis.budget()
    await budget.reserve(request('warm'))
    await budget.settle(settlement('warm'))
    const trips = async (act: () => Promise<unknown>) => {
      const before = await redis.requests()
      await act()
      return (await redis.requests()) - before
    }
    expect(await trips(() => budget.reserve(asked('r1')))).toBe(1)
    expect(await trips(() => budget.settle(answered('r1', 'x'.repeat(256 * 1024))))).toBe(1)
    expect(await trips(() => budget.reserve(asked('r2')))).toBe(1)
  })
})

describeEachRedis('a claim', (redis) => {
  /** Claims of one caller. */
  function claims() {
    const { claim, end } = createUpstashIdempotencyRecords({
      ...redis.local(),
      timeoutMs: 20_000,
      clock: () => redis.clock.now,
    })
    return {
      claim: (claimed: Idempotency, requestId: string, caller: Payer = user()) =>
        claim(claimed, requestId, caller),
      end,
    }
  }

  it('of fifty that come at once is given once', async () => {
    const edges = [claims(), claims(), claims()]
    const given = await Promise.all(
      Array.from({ length: 50 }, (_, i) => edges[i % 3]?.claim(idempotency, `r${i}`)),
    )
    expect(given.filter((claim) => claim?.code === 'claimed')).toHaveLength(1)
    expect(given.filter((claim) => claim?.code === 'idempotency_in_progress')).toHaveLength(49)
  })

  it('is answered once it has ended, for an hour', async () => {
    const { claim, end } = claims()
    await claim(idempotency, 'r1')
    await end(idempotency, 'r1', 'sealed')
    redis.clock.now += DAY
    expect(await claim(idempotency, 'r2')).toEqual(again)
    expect(await life(redis)).toBeLessThanOrEqual(DAY / 24)
    expect(await claim({ ...idempotency, body: 'b2' }, 'r3')).toEqual(reused)
    expect(await life(redis)).toBeGreaterThan(DAY / 24 - 10_000)
    expect(await undying(redis)).toEqual([])
  })

  it('that was freed is given again', async () => {
    const { claim, end } = claims()
    await claim(idempotency, 'r1')
    await end(idempotency, 'r1', '')
    expect(await claim(idempotency, 'r2')).toEqual({ code: 'claimed' })
  })

  it('is under way for a minute, and never given again where nobody ended it', async () => {
    const { claim } = claims()
    await claim(idempotency, 'r1')
    redis.clock.now += 59_999
    expect(await claim(idempotency, 'r2')).toEqual(inProgress)
    redis.clock.now += 1
    expect(await claim(idempotency, 'r3')).toEqual({ ...again, answer: 'gone' })
    expect(await claim({ ...idempotency, body: 'b2' }, 'r4')).toEqual(reused)
    expect(await undying(redis)).toEqual([])
  })

  it('is ended by nobody else', async () => {
    const { claim, end } = claims()
    await claim(idempotency, 'r1')
    await end(idempotency, 'r2', '')
    await end(idempotency, 'r3', 'sealed by another')
    expect(await claim(idempotency, 'r4')).toEqual(inProgress)
  })

  it('is not given, nor its answer told, to a caller who may not act any more', async () => {
    const { claim, end } = claims()
    await claim(idempotency, 'r1')
    await end(idempotency, 'r1', 'sealed')
    await redis.records().accounts.set('firebase:ada', { revokedBefore: ISSUED_AT + 1 })
    for (const claimed of [idempotency, { id: 'id2', body: 'b' }])
      await expect(claim(claimed, 'r2')).rejects.toMatchObject({ code: 'token_revoked' })
    const key = { key: 'k1', secretHash: 'a'.repeat(64), scope: '' }
    await expect(claim(idempotency, 'r3', key)).rejects.toMatchObject({ code: 'key_invalid' })
    expect(await redis.command<string[]>('KEYS', 'twohop:idempotency:*')).toEqual([RECORD])
  })

  it('and a reservation never have the same key', async () => {
    const { claim } = claims()
    const budget = redis.budget()
    await claim({ id: 'id1', body: 'of a grant' }, 'r1')
    expect(await budget.reserve(asked('r2'))).toEqual(reused)
    await redis.command('DEL', RECORD)
    await budget.reserve(asked('r3'))
    expect(await claim({ id: 'id1', body: 'of a grant' }, 'r4')).toEqual(reused)
  })

  describe('of which the store answers nonsense', () => {
    it('is not given', async () => {
      await redis.command('SET', RECORD, 'no hash')
      await expect(claims().claim(idempotency, 'r1')).rejects.toMatchObject({ code: 'store_unavailable' })
    })
  })
})
