import { beforeEach, expect, it } from 'vitest'
import { parseJob } from '../../../edge/jobs/parse.ts'
import type { NewJob } from '../../../edge/jobs/port.ts'
import { bytesOf } from '../../../edge/jobs/room.ts'
import { createUpstashJobs } from '../../../edge/jobs/upstash.ts'
import { createUpstashJobs as createHostJobs } from '../../../inference-host/jobs/upstash.ts'
import { RECORD_BYTES } from '../../../shared/jobs/kept.lua.ts'
import { entitleBy } from '../../fixtures/catalog.ts'
import { unreadLog } from '../../fixtures/log.ts'
import { principal } from '../../fixtures/principal.ts'
import { describeEachRedis, ISSUED_AT, limits, request } from '../budget/each-redis.ts'

const HOUR = 3_600_000
const ADA = 'firebase:ada'

describeEachRedis('what jobs keep', (redis) => {
  beforeEach(() => redis.command('ZADD', 'twohop:jobs-served', 9e15, 'tiny-chat'))
  const store = () =>
    createUpstashJobs({ ...redis.local(), timeoutMs: 20_000, clock: () => redis.clock.now, log: unreadLog })
  const host = () => createHostJobs({ ...redis.local(), timeoutMs: 20_000, host: 'h', claimMs: HOUR })
  const sums = async (scope = '') =>
    Number((await redis.command('HGET', `twohop:jobs-bytes${scope}`, 'bytes')) ?? 0)

  /** A job of one input that holds so many bytes. */
  function newJob(
    id: string,
    held: number,
    {
      account = ADA,
      ofAccount = 100_000,
      ofAll = 1_000_000,
      room = 1000,
      count = 1,
      keptMs = 24 * HOUR,
    } = {},
  ): NewJob {
    const reserve = { ...request(id, { account, limits: limits({ concurrent: 100 }) }), leaseMs: 25 * HOUR }
    const deadline = Math.max(redis.clock.now, Date.now()) + HOUR
    const record = {
      ...{ model: reserve.model, task: reserve.task, path: '/v1/chat/completions', count: String(count) },
      ...{ token: 't', created_at: '0', deadline: String(deadline), state: 'queued', plan: 'free', key: '' },
      ...{
        reserved_units: '10',
        prices: '{"prompt":1,"output":1}',
        room: String(room),
        kept_ms: String(keptMs),
      },
    }
    const inputs = Array.from({ length: count }, () => '{}')
    return { reserve, record, deadline, inputs, bytes: { held, ofAccount, ofAll } }
  }
  const finished = (index: number, text: string) => ({
    index,
    use: { promptTokens: 1, outputTokens: 1, computeMs: 1 },
    result: { json: JSON.stringify({ status: 200, body: text }), failed: false },
  })

  it('is bounded for each account and for all, and a refused job holds nothing', async () => {
    expect(await store().enqueue(newJob('job_1', 60_000))).toMatchObject({ granted: true })
    const before = await redis.command<string[]>('HGETALL', 'twohop:budget:firebase:ada:day:2026-11-21')
    const refused = await store().enqueue(newJob('job_2', 40_001))
    expect(refused).toMatchObject({ granted: false, code: 'job_storage_full', retryAfterMs: 7 * 24 * HOUR })
    expect(await redis.command('EXISTS', 'twohop:job:job_2', 'twohop:reservation:job_2')).toBe(0)
    expect(await redis.command('HGETALL', 'twohop:budget:firebase:ada:day:2026-11-21')).toEqual(before)
    expect(await store().enqueue(newJob('job_3', 40_000))).toMatchObject({ granted: true })
    const other = { account: 'firebase:bob', ofAll: 160_000 }
    expect(await store().enqueue(newJob('job_4', 60_001, other))).toMatchObject({ code: 'job_store_full' })
    expect(await store().enqueue(newJob('job_4', 60_000, other))).toMatchObject({ granted: true })
    expect([await sums(), await sums(`:${ADA}`), await sums(':firebase:bob')]).toEqual([
      160_000, 100_000, 60_000,
    ])
  })

  it('is what the results take once a job has ended, until Redis drops them', async () => {
    await store().enqueue(newJob('job_1', 60_000, { keptMs: 2 * HOUR }))
    await store().cancel('job_1', { account: ADA })
    expect([await sums(), await sums(`:${ADA}`)]).toEqual([RECORD_BYTES, RECORD_BYTES])
    expect(await redis.command<number>('PTTL', 'twohop:job:job_1')).toBeLessThanOrEqual(2 * HOUR)
    const tight = { ofAccount: 60_000 }
    const full = await store().enqueue(newJob('job_2', 60_000, tight))
    expect(full).toMatchObject({ code: 'job_storage_full', retryAfterMs: 2 * HOUR })
    redis.clock.now += 2 * HOUR
    expect(await store().enqueue(newJob('job_2', 60_000, tight))).toMatchObject({ granted: true })
    expect([await sums(), await sums(`:${ADA}`)]).toEqual([60_000, 60_000])
  })

  it('has no result beyond the room that is held; an error takes its place, and is counted', async () => {
    await store().enqueue(newJob('job_1', 60_000, { room: 3000, count: 3 }))
    const claimed = await host().claim(['tiny-chat'])
    if (!claimed) return expect.fail('no job was given out')
    const long = 'x'.repeat(2000)
    expect(await host().report(claimed, 1, [finished(0, long), finished(1, long)])).toBe('ok')
    expect(await host().report(claimed, 2, [finished(2, 'short')])).toBe('ok')
    await host().end(claimed, 'done')
    const read = await store().read('job_1', -1, 10)
    expect(read?.job).toMatchObject({ state: 'done', done: 3, failed: 1, prompt_tokens: 3 })
    expect(read?.page.results).toMatchObject([
      { index: 0, status: 200, body: long },
      { index: 1, status: 413, body: { error: { code: 'body_too_large', request_id: 'job_1' } } },
      { index: 2, status: 200, body: 'short' },
    ])
    const bytes = read?.job.bytes ?? 0
    expect(bytes).toBeGreaterThan(2500)
    expect(await sums(`:${ADA}`)).toBe(RECORD_BYTES + bytes)
  })

  it('takes no more memory than is counted, while a job of a thousand waits and when it has ended', async () => {
    const info = async (name: string) =>
      (await redis.command<number | null>('MEMORY', 'USAGE', name, 'SAMPLES', 0).catch(() => null)) ?? 0
    const memory = async () => {
      const names = await redis.command<string[]>('KEYS', 'twohop:*job*')
      const sizes = await Promise.all(names.map(info))
      return sizes.reduce((sum, size) => sum + size, 0)
    }
    const entitlement = entitleBy()(principal({ subject: 'ada', issuedAt: ISSUED_AT, plan: 'free' }))
    const text = 'a sentence of some length, as a client may send it'
    const body = { model: 'twohop-embed', input: text }
    const { works } = parseJob(
      { endpoint: '/v1/embeddings', inputs: Array.from({ length: 1000 }, () => body) },
      entitlement,
    )
    const inputs = works.map((work) =>
      JSON.stringify({ body: work.request, prompt_tokens: 9, output_tokens: 0 }),
    )
    const { held, room } = bytesOf(works, inputs)
    const bounds = { ofAccount: held, ofAll: held }
    const job = newJob('job_1', held, { count: 1000, room })
    expect(await store().enqueue({ ...job, inputs, bytes: { held, ...bounds } })).toMatchObject({
      granted: true,
    })
    expect(await memory()).toBeLessThanOrEqual(held)
    const claimed = await host().claim(['tiny-chat'])
    if (!claimed) return expect.fail('no job was given out')
    const vector = { f32: 'A'.repeat(1368) }
    for (let from = 0; from < 1000; from += 100)
      await host().report(
        claimed,
        1 + from / 100,
        Array.from({ length: 100 }, (_, i) => finished(from + i, JSON.stringify({ data: [vector] }))),
      )
    expect(await memory()).toBeLessThanOrEqual(held)
    await host().end(claimed, 'done')
    expect((await store().get('job_1'))?.failed).toBe(0)
    expect(await memory()).toBeLessThanOrEqual(await sums(`:${ADA}`))
  })
})
