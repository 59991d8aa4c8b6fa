import { beforeEach, expect, it } from 'vitest'
import type { Budget } from '../../../edge/budget/port.ts'
import type { NewJob } from '../../../edge/jobs/port.ts'
import { createSettleJobs } from '../../../edge/jobs/settle.ts'
import { createUpstashJobs } from '../../../edge/jobs/upstash.ts'
import { unreadLog } from '../../fixtures/log.ts'
import {
  counters,
  describeEachRedis,
  events,
  limits,
  PLENTY,
  type RunningRedis,
  request,
  usage,
} from '../budget/each-redis.ts'

const HOUR = 3_600_000
const ADA = 'firebase:ada'
const START = Date.UTC(2026, 10, 21, 10, 59, 30)

describeEachRedis('jobs', (redis) => {
  beforeEach(() => redis.command('ZADD', 'twohop:jobs-served', 9e15, 'tiny-chat'))
  const store = (changes = {}) =>
    createUpstashJobs({
      ...redis.local(),
      timeoutMs: 20_000,
      clock: () => redis.clock.now,
      log: unreadLog,
      ...changes,
    })
  const settling = (budget: Pick<Budget, 'settle'> = redis.budget()) =>
    createSettleJobs({ budget, store: store(), notify: async () => {}, log: unreadLog })

  /** A job of two inputs that may cost 10 units. */
  function newJob(id: string, changes: Parameters<typeof request>[1] = {}): NewJob {
    const reserve = { ...request(id, { limits: limits({ concurrent: 4 }), ...changes }), leaseMs: 25 * HOUR }
    const deadline = redis.clock.now + 24 * HOUR
    const record = {
      model: reserve.model,
      task: reserve.task,
      path: '/v1/chat/completions',
      count: '2',
      token: 'signed',
      created_at: String(redis.clock.now),
      deadline: String(deadline),
      state: 'queued',
      plan: reserve.plan,
      key: '',
      reserved_units: String(reserve.units),
      prices: '{"prompt":1,"output":2}',
    }
    const bytes = { held: 10_000, ofAccount: 100_000, ofAll: 1_000_000 }
    return { reserve, record, deadline, inputs: ['{"first":1}', '{"second":2}'], bytes }
  }
  /** What a host writes: it takes a job, computes for it, and ends it. */
  const claimed = (id: string) => redis.command('HSET', `twohop:job:${id}`, 'state', 'running', 'claim', 'h')
  const computed = (id: string, prompt: number, output: number) =>
    redis.command('HSET', `twohop:job:${id}`, 'prompt_tokens', prompt, 'output_tokens', output, 'done', 1)
  async function ended(id: string, state: string) {
    await redis.command('HSET', `twohop:job:${id}`, 'state', state, 'ended_at', redis.clock.now)
    await redis.command('ZREM', 'twohop:jobs-open', id)
    await redis.command('ZREM', `twohop:jobs-open:${ADA}`, id)
    await redis.command('ZADD', 'twohop:jobs-ended', redis.clock.now, id)
  }

  it('reserves and enqueues in one step of one round trip', async () => {
    await store().enqueue(newJob('job_0', { account: 'other' }))
    const before = await redis.requests()
    const decision = await store().enqueue(newJob('job_1'))
    expect((await redis.requests()) - before).toBe(1)
    expect(decision).toMatchObject({
      granted: true,
      account: ADA,
      allowance: {
        requests: { remaining: 999_999 },
        budgets: { minute: { held: 0 }, day: { held: 10 }, month: { held: 10 } },
      },
    })
    expect(await counters(redis, 'minute:2026-11-21T10:59')).toEqual({ used: 0, held: 0, requests: 1 })
    expect(await counters(redis, 'day:2026-11-21')).toMatchObject({ used: 0, held: 10 })
    expect(await counters(redis, 'month:2026-11')).toMatchObject({ used: 0, held: 10 })
    expect(await redis.command('ZCARD', `twohop:leases:${ADA}`)).toBe(0)

    const job = await store().get('job_1')
    expect(job).toMatchObject({ id: 'job_1', account: ADA, state: 'queued', count: 2, done: 0 })
    expect(job).toMatchObject({ prices: { prompt: 1, output: 2, compute_second: 0 }, reserved_units: 10 })
    expect(await redis.command('HGETALL', 'twohop:job:job_1:inputs')).toEqual([
      ...['0', '{"first":1}'],
      ...['1', '{"second":2}'],
    ])
    const entries = await redis.command<[string, string[]][]>('XRANGE', 'twohop:jobs:tiny-chat', '-', '+')
    expect(entries.map(([, fields]) => fields)).toEqual([
      ['job', 'job_0'],
      ['job', 'job_1'],
    ])
    expect(entries[1]?.[0]).toBe(job?.entry)
    const deadline = String(START + 24 * HOUR)
    const due = ['WITHSCORES'] as const
    expect(await redis.command('ZRANGE', `twohop:jobs-open:${ADA}`, 0, -1, ...due)).toEqual([
      'job_1',
      deadline,
    ])
    expect(await redis.command('ZRANGE', 'twohop:jobs-open', 0, -1)).toEqual(['job_0', 'job_1'])
    expect((await store().open(ADA)).map(({ id }) => id)).toEqual(['job_1'])
    await expect(store().enqueue(newJob('job_1'))).rejects.toMatchObject({ code: 'internal' })
  })

  it('holds a thousand inputs', async () => {
    const inputs = Array.from({ length: 1000 }, (_, i) => `{"n":${i}}`)
    expect(await store().enqueue({ ...newJob('job_1'), inputs })).toMatchObject({ granted: true })
    expect(await redis.command('HLEN', 'twohop:job:job_1:inputs')).toBe(1000)
    expect(await redis.command('HGET', 'twohop:job:job_1:inputs', '999')).toBe('{"n":999}')
  })

  it.each([
    ['rate_limited', limits({ requestsPerMinute: 0 })],
    ['too_many_jobs', limits({ concurrent: 0 })],
    ['budget_exhausted', limits({ day: 9 })],
    ['budget_exhausted', limits({ month: 9 })],
  ] as const)('changes nothing where it is refused: %s', async (code, tight) => {
    const decision = await store().enqueue(newJob('job_1', { limits: tight }))
    expect(decision).toMatchObject({ granted: false, code })
    expect(await redis.command('KEYS', '*')).toEqual(['twohop:jobs-served'])
  })

  it("does not stand before a minute's budget, but before that of a day, the month and the project", async () => {
    const tight = { limits: limits({ concurrent: 4, minute: 1 }) }
    expect(await store().enqueue(newJob('job_1', tight))).toMatchObject({ granted: true })
    const poor = store({ project: { day: 19 } })
    expect(await poor.enqueue(newJob('job_2', tight))).toMatchObject({ granted: true })
    expect(await poor.enqueue(newJob('job_3', tight))).toMatchObject({ code: 'project_budget_exhausted' })
  })

  it('lets an account have so many open jobs, until one ends', async () => {
    const two = { limits: limits({ concurrent: 2 }) }
    for (const id of ['job_1', 'job_2']) await store().enqueue(newJob(id, two))
    const refusal = await store().enqueue(newJob('job_3', two))
    expect(refusal).toMatchObject({ granted: false, code: 'too_many_jobs', retryAfterMs: 10_000 })
    expect((await redis.budget().reserve(request('r1'))).granted).toBe(true)
    expect(await store().enqueue(newJob('job_3', { ...two, account: 'other' }))).toMatchObject({
      granted: true,
    })
    await store().cancel('job_1', { account: ADA })
    expect(await store().enqueue(newJob('job_4', two))).toMatchObject({ granted: true })
  })

  it('needs every scope that an API key is asked for', async () => {
    const hash = 'a'.repeat(64)
    const spender = { key: 'k1', secretHash: hash, scope: 'jobs chat', plan: 'free' }
    const key = (scopes: string) =>
      redis.command('HSET', 'twohop:key:k1', 'account', ADA, 'secret_hash', hash, 'scopes', scopes)
    for (const scopes of ['chat', 'jobs', 'jobs chatty', '']) {
      await key(scopes)
      expect(await store().enqueue(newJob('job_1', { spender }))).toMatchObject({ code: 'scope_missing' })
    }
    await key('chat embed jobs')
    expect(await store().enqueue(newJob('job_1', { spender }))).toMatchObject({ granted: true, account: ADA })
  })

  it('is refused where no host has looked for jobs of its model lately', async () => {
    const until = redis.clock.now + 1000
    await redis.command('ZADD', 'twohop:jobs-served', until, 'tiny-chat')
    expect(await store().enqueue(newJob('job_1'))).toMatchObject({ granted: true })
    expect(await store().enqueue(newJob('job_2', { model: 'other' }))).toMatchObject({
      granted: false,
      code: 'jobs_not_served',
      retryAfterMs: 10_000,
    })
    redis.clock.now = until
    expect(await store().enqueue(newJob('job_3'))).toMatchObject({ code: 'jobs_not_served' })
    expect(await redis.command('EXISTS', 'twohop:job:job_2', 'twohop:job:job_3')).toBe(0)
  })

  it('is the same job for the same idempotency key', async () => {
    const idempotency = { id: 'i1', body: 'b1' }
    expect(await store().enqueue(newJob('job_1', { idempotency }))).toMatchObject({ granted: true })
    expect(await store().enqueue(newJob('job_2', { idempotency }))).toEqual({
      granted: false,
      code: 'answered',
      answer: 'job_1',
    })
    const other = { idempotency: { id: 'i1', body: 'b2' } }
    expect(await store().enqueue(newJob('job_3', other))).toMatchObject({ code: 'idempotency_key_reused' })
    expect(await redis.command('ZCARD', 'twohop:jobs-open')).toBe(1)
    expect(await counters(redis, 'day:2026-11-21')).toMatchObject({ held: 10 })
    const left = await redis.command<number>('PTTL', 'twohop:idempotency:i1')
    expect(left).toBeGreaterThan(23.9 * HOUR)
    expect(left).toBeLessThanOrEqual(24 * HOUR)
  })

  it('ends at once where it is cancelled before a host has it, and costs nothing', async () => {
    await store().enqueue(newJob('job_1'))
    expect(await store().cancel('job_1', { account: 'other' })).toBeUndefined()
    expect(await store().cancel('job_2', { account: ADA })).toBeUndefined()
    redis.clock.now += 1000
    expect(await store().cancel('job_1', { account: ADA })).toMatchObject({
      state: 'cancelled',
      ended_at: redis.clock.now,
      cancel: '1',
    })
    expect(await redis.command('XLEN', 'twohop:jobs:tiny-chat')).toBe(0)
    for (const key of ['twohop:job:job_1:inputs', 'twohop:jobs-open', `twohop:jobs-open:${ADA}`])
      expect(await redis.command('EXISTS', key), key).toBe(0)
    expect(await settling().settleDue()).toBe(1)
    expect(await store().get('job_1')).toMatchObject({ settled: '1', units: 0 })
    expect(await counters(redis, 'day:2026-11-21')).toMatchObject({ used: 0, held: 0 })
    expect((await events(redis))[0]).toMatchObject({ request_id: 'job_1', outcome: 'cancelled', units: '0' })
    redis.clock.now += 1000
    expect(await store().cancel('job_1', { account: ADA })).toMatchObject({
      state: 'cancelled',
      ended_at: START + 1000,
    })
  })

  it('is left to its host to end where one has it', async () => {
    await store().enqueue(newJob('job_1'))
    await claimed('job_1')
    expect(await store().cancel('job_1', { account: ADA })).toMatchObject({ state: 'running', cancel: '1' })
    expect(await redis.command('XLEN', 'twohop:jobs:tiny-chat')).toBe(1)
    expect(await settling().settleDue()).toBe(0)
  })

  it('ends at its deadline, whoever has it, and what was computed is charged', async () => {
    await store().enqueue(newJob('job_1'))
    await claimed('job_1')
    await computed('job_1', 2, 1)
    redis.clock.now += 24 * HOUR - 1
    expect(await settling().settleDue()).toBe(0)
    redis.clock.now += 1
    expect(await settling().settleDue()).toBe(1)
    expect(await store().get('job_1')).toMatchObject({ state: 'expired', units: 4, settled: '1' })
    expect(await redis.command('XLEN', 'twohop:jobs:tiny-chat')).toBe(0)
    expect((await events(redis))[0]).toMatchObject({ units: '4', outcome: 'failed', reserved_units: '10' })
  })

  it('is charged once, in the day and month in which it was taken in', async () => {
    redis.clock.now = Date.UTC(2026, 10, 30, 23, 59, 30)
    await store().enqueue(newJob('job_1'))
    redis.clock.now += 12 * HOUR
    expect(await counters(redis, 'day:2026-12-01')).toBeUndefined()
    await computed('job_1', 3, 2)
    await ended('job_1', 'done')
    const { settleJob, settleDue } = settling()
    const job = await store().get('job_1')
    expect(job).toBeDefined()
    if (!job) return
    // Its settlement took effect and its mark did not: the next run settles it again.
    await settleJob(job)
    await redis.command('ZADD', 'twohop:jobs-ended', redis.clock.now, 'job_1')
    await redis.command('HDEL', 'twohop:job:job_1', 'settled')
    expect(await settleDue()).toBe(1)
    expect(await settleDue()).toBe(0)
    expect(await counters(redis, 'day:2026-11-30')).toMatchObject({ used: 7, held: 0 })
    expect(await counters(redis, 'month:2026-11')).toMatchObject({ used: 7, held: 0 })
    expect(await counters(redis, 'day:2026-12-01')).toBeUndefined()
    expect(await events(redis)).toHaveLength(1)
    expect((await events(redis))[0]).toMatchObject({ month: '2026-11', units: '7', outcome: 'ok' })
  })

  it('is charged no more than was reserved', async () => {
    await store().enqueue(newJob('job_1'))
    await computed('job_1', 100, 100)
    await ended('job_1', 'done')
    expect(await settling().settleDue()).toBe(1)
    expect(await store().get('job_1')).toMatchObject({ units: 10 })
    expect(await counters(redis, 'day:2026-11-21')).toMatchObject({ used: 10, held: 0 })
  })

  it('is charged what was reserved where a host reports more than can be counted', async () => {
    await store().enqueue(newJob('job_1'))
    await computed('job_1', Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
    await ended('job_1', 'done')
    expect(await settling().settleDue()).toBe(1)
    expect(await store().get('job_1')).toMatchObject({ settled: '1', units: 10 })
    expect((await events(redis))[0]).toMatchObject({ units: '10', reported_units: '9007199254740991' })
  })

  it('costs nothing without a reservation: settled long ago, or made up by a host', async () => {
    await store().enqueue(newJob('job_1'))
    await computed('job_1', 3, 2)
    await ended('job_1', 'done')
    await settling().settleDue()
    expect(await events(redis)).toHaveLength(1)
    // The tombstone lives for an hour; the job's mark may be lost for longer.
    await redis.command('DEL', 'twohop:reservation:job_1')
    await redis.command('HDEL', 'twohop:job:job_1', 'settled')
    await redis.command('ZADD', 'twohop:jobs-ended', redis.clock.now, 'job_1')
    const fields = await redis.command<string[]>('HGETALL', 'twohop:job:job_1')
    const forged = ['account', 'firebase:eve', 'reserved_units', 1_000_000, 'prompt_tokens', 1_000_000]
    await redis.command('HSET', 'twohop:job:job_2', ...fields, ...forged)
    await redis.command('ZADD', 'twohop:jobs-ended', redis.clock.now, 'job_2')
    expect(await settling().settleDue()).toBe(2)
    expect(await events(redis)).toHaveLength(1)
    expect(await counters(redis, 'day:2026-11-21')).toMatchObject({ used: 7, held: 0 })
  })

  it('is left to the sweep, which charges it in full, where nobody ever settles it', async () => {
    await store().enqueue(newJob('job_1'))
    redis.clock.now += 25 * HOUR - 1
    expect(await redis.budget().sweep(10)).toMatchObject({ charged: 0 })
    redis.clock.now += 1
    expect(await redis.budget().sweep(10)).toMatchObject({ charged: 1 })
    expect(await counters(redis, 'day:2026-11-21')).toMatchObject({ used: 10, held: 0 })
    // It is corrected where a run comes after all.
    expect(await settling().settleDue()).toBe(1)
    expect(await counters(redis, 'day:2026-11-21')).toMatchObject({ used: 0, held: 0 })
  })

  it('does not stop the others where one cannot be settled or read', async () => {
    for (const id of ['job_1', 'job_2', 'job_3']) {
      await store().enqueue(newJob(id))
      await ended(id, 'done')
    }
    await redis.command('HSET', 'twohop:job:job_1', 'prices', 'free')
    const budget = redis.budget()
    const flaky: Pick<Budget, 'settle'> = {
      settle: (one) => (one.requestId === 'job_2' ? Promise.reject(new Error('away')) : budget.settle(one)),
    }
    await expect(settling(flaky).settleDue()).rejects.toThrow('1 of 2 jobs could not be settled')
    expect(await redis.command('ZRANGE', 'twohop:jobs-ended', 0, -1)).toEqual(['job_2'])
    expect(await settling().settleDue()).toBe(1)
  })

  it('gives its results by index, a page at a time', async () => {
    await store().enqueue({ ...newJob('job_1'), inputs: ['{}', '{}'] })
    await redis.command('HSET', 'twohop:job:job_1', 'count', 8)
    const result = (status: number) => JSON.stringify({ status, body: { n: status } })
    for (const index of [6, 0, 2, 3])
      await redis.command('HSET', 'twohop:job:job_1:results', index, result(200 + index))
    const page = async (after: number, most: number) => {
      const read = await store().read('job_1', after, most)
      return [read?.page.results.map(({ index }) => index), read?.page.more]
    }
    expect(await page(-1, 3)).toEqual([[0, 2, 3], true])
    expect(await page(3, 3)).toEqual([[6], false])
    expect(await page(-1, 4)).toEqual([[0, 2, 3, 6], false])
    expect(await page(6, 4)).toEqual([[], false])
    expect((await store().read('job_1', -1, 1))?.page.results).toEqual([
      { index: 0, status: 200, body: { n: 200 } },
    ])
    expect(await store().read('job_9', -1, 1)).toBeUndefined()
  })

  it('gives fewer results where they are long, and at least one', async () => {
    await store().enqueue(newJob('job_1'))
    for (const index of [0, 1])
      await redis.command(
        'HSET',
        'twohop:job:job_1:results',
        index,
        JSON.stringify({ status: 200, body: 'x'.repeat(400_000) }),
      )
    const read = await store().read('job_1', -1, 10)
    expect(read?.page).toMatchObject({ results: [{ index: 0 }], more: true })
    expect((await store().read('job_1', 0, 10))?.page).toMatchObject({ results: [{ index: 1 }], more: false })
  })

  it('leaves no key that never ends but the event stream', async () => {
    for (const id of ['job_1', 'job_2', 'job_3']) await store().enqueue(newJob(id))
    await store().cancel('job_1', { account: ADA })
    await redis.command('HSET', 'twohop:job:job_3', 'deadline', 1)
    await redis.command('DEL', 'twohop:jobs-served')
    expect(await endless(redis)).toEqual([])
    redis.clock.now += 24 * HOUR
    await settling().settleDue()
    expect(await endless(redis)).toEqual(['twohop:events'])
    for (const id of ['job_1', 'job_2']) {
      const left = await redis.command<number>('PTTL', `twohop:job:${id}`)
      expect(left).toBeLessThanOrEqual(24 * HOUR)
      expect(left).toBeGreaterThan(23 * HOUR)
    }
  })

  it("keeps a day's counters for as long as a job of that day may take, whoever spends after it", async () => {
    await store().enqueue(newJob('job_1'))
    await redis.budget().reserve(request('r1'))
    const left = await redis.command<number>('PTTL', `twohop:budget:${ADA}:day:2026-11-21`)
    expect(left).toBeGreaterThan(25 * HOUR + Date.UTC(2026, 10, 22) - START)
  })

  it('shows in the usage of its account', async () => {
    await store().enqueue(newJob('job_1'))
    const report = await usage(redis.budget(), PLENTY)
    expect(report.allowance.budgets).toMatchObject({ minute: { held: 0 }, day: { held: 10 } })
    expect(report.concurrent.running).toBe(0)
  })
})

async function endless(redis: RunningRedis): Promise<string[]> {
  const keys = (await redis.command<string[]>('KEYS', '*')).sort()
  const left = await Promise.all(keys.map((key) => redis.command<number>('PTTL', key)))
  return keys.filter((_, i) => left[i] === -1)
}
