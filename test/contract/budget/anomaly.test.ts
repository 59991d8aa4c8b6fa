import { beforeEach, describe, expect, it } from 'vitest'
import { createUpstashAnomaly } from '../../../edge/admin/upstash-anomaly.ts'
import { createUpstashApiKeys } from '../../../edge/api-keys/upstash.ts'
import { ANOMALY, type Watched } from '../../../edge/budget/anomaly.ts'
import type { Budget, Payer } from '../../../edge/budget/port.ts'
import { createUpstashAccounts } from '../../../edge/budget/upstash-accounts.ts'
import { createUpstashIdempotencyRecords } from '../../../edge/idempotency/upstash-records.ts'
import { createUpstashJobs } from '../../../edge/jobs/upstash.ts'
import { actOf } from '../../../edge/ledger/act.ts'
import { fieldsOf } from '../../../shared/upstash-client.ts'
import { unreadLog } from '../../fixtures/log.ts'
import { describeEachRedis, ISSUED_AT, RESERVED, request, settlement, user } from './each-redis.ts'

const HOUR = 3_600_000
const HASH = 'a'.repeat(64)
const LOG: Watched = { action: 'log', at: 50 }

describeEachRedis('the anomaly score', (redis) => {
  let budget: Budget
  let sent = 0
  beforeEach(() => {
    budget = redis.budget()
    sent = 0
  })

  /** One request, `afterMs` after the one before. */
  async function ask(
    watched: Watched | undefined,
    afterMs = 60_000,
    changes: Parameters<typeof request>[1] = {},
  ) {
    redis.clock.now += afterMs
    const id = `r${sent++}`
    return { id, decision: await budget.reserve(request(id, { watched, ...changes })) }
  }
  async function askAndSettle(watched: Watched, afterMs: number, maxed: boolean) {
    const { id, decision } = await ask(watched, afterMs)
    await budget.settle(settlement(id, { reserved: RESERVED, maxed }))
    return decision
  }
  const record = async (credential = 'account:firebase:ada') => {
    const [score, why] = await redis.command<(string | null)[]>(
      'HMGET',
      `twohop:anomaly:${credential}`,
      'score',
      'why',
    )
    return { score: Number(score), why: why ?? '' }
  }

  it('is not kept of who is not watched', async () => {
    await ask(undefined)
    expect(await redis.command<string[]>('KEYS', 'twohop:anomaly*')).toEqual([])
  })

  it('is low for somebody new, who asks as people do', async () => {
    for (let i = 0; i < 30; i++) await askAndSettle(LOG, 3 * 60_000, i % 5 === 0)
    expect(await record()).toMatchObject({ why: 'age=9' })
  })

  it('rises with the rate, by points for each doubling of what is usual, and falls as time passes', async () => {
    await ask(LOG)
    redis.clock.now += 40 * 24 * HOUR
    for (let i = 0; i < 100; i++) await ask(LOG, 1000)
    const high = await record()
    expect(high.why).toMatch(/rate=(2|30)/)
    await ask(LOG, 2 * HOUR)
    expect((await record()).why).not.toContain('rate')
  })

  it('takes answers that are always as long as they may, and what is refused', async () => {
    for (let i = 0; i < 20; i++) await askAndSettle(LOG, 60_000, true)
    await ask(LOG)
    expect((await record()).why).toContain('maxed=15')
    const limits = { requestsPerMinute: 0, concurrent: 1, budgets: { minute: 1, day: 1, month: 1 } }
    for (let i = 0; i < 40; i++) await ask(LOG, 60_000, { limits })
    expect((await record()).why).toMatch(/refused=(9|1[0-5])/)
  })

  it('knows a new country from the first, and from one that it has seen', async () => {
    await ask({ ...LOG, country: 'DE' })
    expect((await record()).why).not.toContain('country')
    // Cloudflare's word for a country that it does not know.
    await ask({ ...LOG, country: 'XX' })
    expect((await record()).why).not.toContain('country')
    await ask({ ...LOG, country: 'FR' })
    expect((await record()).why).toContain('country=25')
    await ask({ ...LOG, country: 'DE' }, 10 * 24 * HOUR)
    expect((await record()).why).not.toContain('country')
    for (const country of ['AA', 'BB', 'CC', 'DD', 'EE', 'FF', 'GG', 'HH']) await ask({ ...LOG, country })
    const fields = await redis.command<string[]>('HKEYS', 'twohop:anomaly:account:firebase:ada')
    expect(fields.filter((name) => name.startsWith('c:'))).toHaveLength(ANOMALY.countries)
  })

  it('counts accounts of one network, so many at most, for a day', async () => {
    const network = 'ab12'
    const from = (n: number) => ask({ ...LOG, network }, 1000, { spender: user(`firebase:${n}`) })
    for (let n = 0; n < 3; n++) await from(n)
    expect((await record('account:firebase:2')).why).not.toContain('network')
    for (let n = 3; n < 60; n++) await from(n)
    expect((await record('account:firebase:59')).why).toContain('network=25')
    expect(await redis.command<number>('ZCARD', `twohop:anomaly-network:${network}`)).toBe(ANOMALY.accounts)
    redis.clock.now += 25 * HOUR
    await from(60)
    expect((await record('account:firebase:60')).why).not.toContain('network')
  })

  const anybody = () => true
  const reader = () => createUpstashAnomaly({ ...redis.local(), timeoutMs: 20_000 })

  /** Somebody who was in Germany, and is in France from one moment to the next, as often as can be. */
  async function stolen(watched: Watched, changes: Parameters<typeof request>[1] = {}) {
    await ask({ ...watched, country: 'DE' }, 60_000, changes)
    redis.clock.now += 40 * 24 * HOUR
    await ask({ ...watched, country: 'DE' }, 60_000, changes)
    for (let i = 0; i < 200; i++) {
      const { decision } = await ask({ ...watched, country: 'FR' }, 1000, changes)
      if ('anomaly' in decision && decision.anomaly) return { decision, after: i + 1 }
    }
    return { decision: undefined, after: Number.POSITIVE_INFINITY }
  }

  it('is told with what was granted, where the plan only looks', async () => {
    const { decision, after } = await stolen(LOG)
    expect(decision).toMatchObject({ granted: true, anomaly: { score: expect.any(Number) } })
    expect(after).toBeLessThan(60)
  })

  it('remembers whom it found, the latest first, API keys with their account, and so many at most', async () => {
    expect(await reader().found(50, anybody)).toEqual([])
    // Who is new has points already.
    const low: Watched = { action: 'log', at: 5 }
    await ask(low)
    const foundAt = redis.clock.now
    const ends = redis.clock.now + 300 * 24 * HOUR
    const fields = [
      'account',
      'firebase:bob x',
      'secret_hash',
      HASH,
      'scopes',
      'chat',
      'expires_at',
      ends,
      'revoked',
      0,
    ]
    await redis.command('HSET', 'twohop:key:k1', ...fields)
    await redis.command('ZADD', 'twohop:keys:firebase:bob x', ends, 'k1')
    await ask(low, 1000, { spender: { key: 'k1', secretHash: HASH, scope: 'chat', plan: 'free' } })
    const [first, second, ...others] = await reader().found(50, anybody)
    expect(first).toMatchObject({ account: 'firebase:bob x', key: 'k1', foundAt: redis.clock.now })
    expect(second).toMatchObject({
      ...{ account: 'firebase:ada', key: undefined, foundAt },
      ...{ why: 'age=10', score: 10 },
    })
    expect(others).toEqual([])
    expect(await reader().found(1, anybody)).toEqual([first])
    expect(await reader().of('firebase:bob x')).toMatchObject({ own: undefined, keys: [{ key: 'k1' }] })
    await redis.pipeline(
      Array.from({ length: 300 }, (_, i) => ['ZADD', 'twohop:anomalies', i, `account:firebase:${i}`]),
    )
    await ask(low, 1000)
    expect(await redis.command<number>('ZCARD', 'twohop:anomalies')).toBe(ANOMALY.found)
    // One whose score is forgotten is left out.
    expect(await reader().found(300, anybody)).toHaveLength(2)
  })

  it('asks for a token of after the challenge, which begins anew; the old one stays refused and counts no more', async () => {
    const challenge: Watched = { action: 'challenge', at: 50 }
    const { decision } = await stolen(challenge)
    const { own, keys } = await reader().of('firebase:ada')
    expect(keys).toEqual([])
    expect(own).toMatchObject({
      why: expect.stringContaining('country='),
      at: redis.clock.now,
      challengedAt: redis.clock.now,
    })
    expect(decision).toMatchObject({
      granted: false,
      code: 'challenge_required',
      anomaly: { why: expect.stringContaining('country=25') },
    })
    const before = await redis.command<string[]>('HGETALL', 'twohop:anomaly:account:firebase:ada')
    const held = await redis.command<number>('ZCARD', 'twohop:open')
    const thief = async () => (await ask({ ...challenge, country: 'FR' }, 100)).decision
    expect(await thief()).toMatchObject({ granted: false, code: 'challenge_required' })
    expect(await redis.command<number>('ZCARD', 'twohop:open')).toBe(held)
    // Who holds the old token does not keep the score up.
    expect(await redis.command<string[]>('HGETALL', 'twohop:anomaly:account:firebase:ada')).toEqual(before)
    const fresh = { ...user(), issuedAt: Math.floor(redis.clock.now / 1000) }
    const owner = async () => (await ask({ ...challenge, country: 'DE' }, 1000, { spender: fresh })).decision
    expect(await owner()).toMatchObject({ granted: true })
    expect(await thief()).toMatchObject({ granted: false, code: 'challenge_required' })
    expect(await owner()).toMatchObject({ granted: true })
    expect(ISSUED_AT).toBeLessThan(fresh.issuedAt)
  })

  it('suspends the account in the same step, once, and holds nothing', async () => {
    const suspend: Watched = { action: 'suspend', at: 50 }
    const { decision } = await stolen(suspend)
    expect(decision).toMatchObject({
      granted: false,
      code: 'account_suspended',
      anomaly: { score: expect.any(Number) },
    })
    const { decision: next } = await ask({ ...suspend, country: 'FR' })
    expect(next).toMatchObject({ granted: false, code: 'account_suspended' })
    expect(next).not.toHaveProperty('anomaly')
    expect(await redis.command('HGET', 'twohop:account:firebase:ada', 'status')).toBe('suspended')
    expect(await redis.command('TTL', 'twohop:account:firebase:ada')).toBe(-1)
  })

  it.each([
    ['challenge', 'challenge_required'],
    ['suspend', 'account_suspended'],
  ] as const)('of %s tells so at once, also where a minute is used up', async (action, code) => {
    const limits = { requestsPerMinute: 1, concurrent: 9, budgets: { minute: 1e6, day: 1e6, month: 1e6 } }
    const { decision, after } = await stolen({ action, at: 50 }, { limits })
    // The minute is not over.
    expect(after).toBeLessThan(25)
    expect(decision).toMatchObject({
      granted: false,
      code,
      anomaly: { why: expect.stringContaining('refused=') },
    })
  })

  it('gives who is challenged no answer of before either', async () => {
    const challenge: Watched = { action: 'challenge', at: 50 }
    const idempotency = { id: 'ab', body: 'cd' }
    const { id } = await ask({ ...challenge, country: 'DE' }, 1000, { idempotency })
    await budget.settle(settlement(id, { reserved: RESERVED, idempotency: { id: 'ab', answer: 'answer' } }))
    const again = async () => (await ask({ ...challenge, country: 'DE' }, 1000, { idempotency })).decision
    expect(await again()).toMatchObject({ code: 'answered' })
    await stolen(challenge)
    expect(await again()).toMatchObject({ granted: false, code: 'challenge_required' })
  })

  it('lets a token of before a challenge open no jobs', async () => {
    const jobs = createUpstashJobs({
      ...redis.local(),
      timeoutMs: 20_000,
      clock: () => redis.clock.now,
      log: unreadLog,
    })
    await redis.command('ZADD', 'twohop:jobs-served', 9e15, 'tiny-chat')
    function open(id: string, spender = user()) {
      const reserve = request(id, { spender })
      const deadline = redis.clock.now + HOUR
      const fields = {
        ...{ model: 'tiny-chat', task: 'chat', path: '/v1/chat/completions', count: '1', token: 't' },
        ...{ created_at: '0', deadline: String(deadline), state: 'queued', plan: 'free', key: '' },
        ...{ reserved_units: '10', prices: '{"prompt":1,"output":1}' },
      }
      const bytes = { held: 1000, ofAccount: 100_000, ofAll: 100_000 }
      return jobs.enqueue({ reserve, record: fields, deadline, inputs: ['{}'], bytes })
    }
    expect(await open('job_1')).toMatchObject({ granted: true })
    await stolen({ action: 'challenge', at: 50 })
    expect(await open('job_2')).toMatchObject({
      granted: false,
      code: 'challenge_required',
      anomaly: { why: expect.stringContaining('country=25') },
    })
    const fresh = { ...user(), issuedAt: Math.floor(redis.clock.now / 1000) }
    expect(await open('job_3', fresh)).toMatchObject({ granted: true })
  })

  /** Everything that makes a credential, gives one out again, or changes an account, each under a name of its own. */
  function acts(by: Payer) {
    const options = { ...redis.local(), timeoutMs: 20_000, clock: () => redis.clock.now }
    const [keys, accounts] = [createUpstashApiKeys(options), createUpstashAccounts(options)]
    const act = { actor: 'a', action: 'x', target: 't', reason: undefined, detail: {} }
    const asked = { by, act }
    const fresh = { name: 'k', secretHash: HASH, scopes: ['chat'], plan: undefined }
    const id = `k${redis.clock.now}${'key' in by ? 'key' : by.issuedAt}`
    return {
      'a key is made': () => keys.create({ ...fresh, id, expiresAt: redis.clock.now + HOUR }, by, act),
      'a key is revoked': () => keys.revoke('none', { caller: by }, act),
      'an answer of before is given again': () =>
        createUpstashIdempotencyRecords(options).claim({ id: 'once', body: 'b'.repeat(64) }, id, by),
      'an account is changed': () => accounts.set('firebase:bob', { plan: 'pro' }, asked),
      'an account is granted units': () => accounts.grant('firebase:bob', 5, redis.clock.now + HOUR, asked),
    }
  }
  async function refusals(by: Payer): Promise<Record<string, string>> {
    const said: Record<string, string> = {}
    for (const [name, act] of Object.entries(acts(by)))
      said[name] = await act().then(
        () => 'done',
        (error: unknown) => String(Object(error).code),
      )
    return said
  }
  const all = (said: string) =>
    Object.fromEntries(Object.keys(acts({ account: 'a', issuedAt: 0 })).map((name) => [name, said]))

  it('stops every act by a token of before a challenge, and none of one after it', async () => {
    // A key lives by Redis's own clock, too.
    redis.clock.now = Date.now() - 41 * 24 * HOUR
    const token = { account: 'firebase:ada', issuedAt: Math.floor(redis.clock.now / 1000) }
    await stolen({ action: 'challenge', at: 50 }, { spender: { ...token, plan: 'free' } })
    expect(await refusals(token)).toEqual(all('challenge_required'))
    expect(await redis.command<number>('XLEN', 'twohop:audit')).toBe(0)
    expect(await refusals({ ...token, issuedAt: Math.floor(redis.clock.now / 1000) })).toEqual(all('done'))
  })

  it('stops every act, and jobs, by a key that is refused for its score, until a request of it passes or for a day', async () => {
    redis.clock.now = Date.now() - 42 * 24 * HOUR
    const fields = [
      'account',
      'firebase:ada',
      'secret_hash',
      HASH,
      'scopes',
      'chat jobs',
      'expires_at',
      '9e15',
    ]
    await redis.command('HSET', 'twohop:key:k1', ...fields)
    const by = { key: 'k1', secretHash: HASH, scope: '' }
    const spender = { ...by, plan: 'free' }
    const challenge: Watched = { action: 'challenge', at: 50 }
    expect(await refusals(by)).toEqual(all('done'))
    await stolen(challenge, { spender })
    expect(await refusals(by)).toEqual(all('challenge_required'))
    // The account's tokens are another credential.
    expect(await refusals({ account: 'firebase:ada', issuedAt: 0 })).toEqual(all('done'))
    redis.clock.now += 3 * 24 * HOUR
    expect(await refusals(by)).toEqual(all('done'))
  })

  it('suspends with a row of the log, by which the ledger learns of it, and the tokens of until then', async () => {
    await stolen({ action: 'suspend', at: 50 })
    const rows = await redis.command<[string, string[]][]>('XRANGE', 'twohop:audit', '-', '+')
    expect(rows.map(([, words]) => words)).toEqual([
      [
        ...['actor', 'anomaly score', 'action', 'account.suspend', 'target', 'firebase:ada'],
        ...['reason', expect.stringContaining('country=25')],
        ...['detail', expect.stringMatching(/^\{"score":\d+\}$/)],
      ],
    ])
    expect(actOf('1-0', fieldsOf(rows[0]?.[1]))).toMatchObject({ action: 'account.suspend' })
    expect(await redis.records().accounts.get('firebase:ada')).toMatchObject({
      status: 'suspended',
      revokedBefore: Math.floor(redis.clock.now / 1000) + 6,
    })
  })

  it('lets whom an administrator restores begin anew', async () => {
    const suspend: Watched = { action: 'suspend', at: 50 }
    await stolen(suspend)
    await redis.records().accounts.set('firebase:ada', { status: 'active' })
    expect((await ask({ ...suspend, country: 'DE' }, 1000)).decision).toMatchObject({ code: 'token_revoked' })
    const fresh = { ...user(), issuedAt: Math.floor(redis.clock.now / 1000) + 60 }
    const { decision } = await ask({ ...suspend, country: 'DE' }, 1000, { spender: fresh })
    expect(decision).toMatchObject({ granted: true })
  })
})

describe('the points', () => {
  it('no sign alone reaches the default threshold', () => {
    for (const most of Object.values(ANOMALY.points)) expect(most).toBeLessThan(50)
  })
})
