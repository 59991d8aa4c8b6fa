import { expect, it } from 'vitest'
import { createMoveResults, withMovedResults } from '../../../edge/jobs/move-results.ts'
import { createR2Results, R2_PREFIX } from '../../../edge/jobs/r2-results.ts'
import type { ResultStore } from '../../../edge/jobs/results.ts'
import { createSettleJobs } from '../../../edge/jobs/settle.ts'
import { createSupabaseResults } from '../../../edge/jobs/supabase-results.ts'
import { createUpstashJobs } from '../../../edge/jobs/upstash.ts'
import { createUpstashResults } from '../../../edge/jobs/upstash-results.ts'
import { createUpstashJobs as createHostJobs } from '../../../inference-host/jobs/upstash.ts'
import { RECORD_BYTES } from '../../../shared/jobs/kept.lua.ts'
import type { ResultPlace } from '../../../shared/jobs/record.ts'
import { running } from '../../fixtures/each-postgres.ts'
import { readLog, unreadLog } from '../../fixtures/log.ts'
import { emptyBucket, workersBucket } from '../../fixtures/r2-bucket.ts'
import { describeEachRedis, limits, request } from '../budget/each-redis.ts'

const HOUR = 3_600_000
const ADA = 'firebase:ada'

const bucket = await workersBucket()

describeEachRedis('results that are moved to Postgres', (redis) => {
  const postgres = running()
  const options = () => ({ ...redis.local(), timeoutMs: 20_000 })
  /** Both hops' stores on Redis's own clock, and a larger store that takes so many bytes of an account. */
  function stores(bytesOfAccount = 10_000_000, url = postgres.local().url) {
    const key = postgres.local().secretKey
    return moving(createSupabaseResults({ url, key, bytesOfAccount, fetch }), 'ledger')
  }
  function moving(to: ResultStore, place: ResultPlace) {
    const jobs = createUpstashJobs({ ...options(), log: unreadLog })
    const { log, lines } = readLog()
    const moveResults = createMoveResults({
      store: jobs,
      from: createUpstashResults(options()),
      to,
      place,
      log,
    })
    const budget = redis.budget({ clock: () => 0 })
    const { settleDue } = createSettleJobs({ budget, store: jobs, notify: async () => {}, moveResults, log })
    return { store: withMovedResults(jobs, { [place]: to }), jobs, settleDue, lines }
  }

  /** A job of three inputs whose results have so many characters each, done by a host. */
  async function done(store: ReturnType<typeof stores>['store'], characters: number): Promise<void> {
    await redis.command('ZADD', 'twohop:jobs-served', 9e15, 'tiny-chat')
    const spender = { account: ADA, issuedAt: Math.floor(Date.now() / 1000), plan: 'free' }
    const reserve = { ...request('job_1', { spender, limits: limits() }), leaseMs: 25 * HOUR }
    const deadline = Date.now() + HOUR
    const record = {
      ...{
        model: 'tiny-chat',
        task: 'embedding',
        path: '/v1/embeddings',
        count: '3',
        token: 't',
        plan: 'free',
      },
      ...{ created_at: '1', deadline: String(deadline), state: 'queued', key: '', reserved_units: '10' },
      ...{ prices: '{"prompt":1,"output":1}', room: '3000000', kept_ms: String(2 * HOUR) },
    }
    const bytes = { held: 3_500_000, ofAccount: 4_000_000, ofAll: 4_000_000 }
    expect(
      await store.enqueue({ reserve, record, deadline, inputs: ['{}', '{}', '{}'], bytes }),
    ).toMatchObject({
      granted: true,
    })
    const host = createHostJobs({ ...options(), host: 'h', claimMs: HOUR })
    const claimed = await host.claim(['tiny-chat'])
    if (!claimed) return expect.fail('no job was given out')
    const body = { data: [{ embedding: { f32: 'AACAPwAAAMA=' } }], note: 'x'.repeat(characters) }
    const result = { json: JSON.stringify({ status: 200, body }), failed: false }
    const use = { promptTokens: 1, outputTokens: 0, computeMs: 1 }
    await host.report(
      claimed,
      1,
      [0, 1, 2].map((index) => ({ index, use, result })),
    )
    await host.end(claimed, 'done')
  }
  const kept = async () => Number(await redis.command('HGET', `twohop:jobs-bytes:${ADA}`, 'bytes'))
  const inRedis = () => redis.command<number>('EXISTS', 'twohop:job:job_1:results')
  const rows = async () => (await postgres.local().owner`select input from twohop.job_results`).length

  it('leave Redis when the job is settled, free their bytes, and are read as before', async () => {
    const { store, settleDue, lines } = stores()
    await done(store, 100_000)
    const before = await store.read('job_1', -1, 2)
    expect(before?.page.results[0]?.body).toMatchObject({ data: [{ embedding: [1, -2] }] })
    expect(await kept()).toBeGreaterThan(300_000)
    expect(await settleDue()).toBe(1)
    expect([await inRedis(), await rows(), await kept(), lines]).toEqual([0, 3, RECORD_BYTES, []])
    expect(await store.read('job_1', -1, 2)).toMatchObject({
      page: before?.page,
      job: { state: 'done', done: 3 },
    })
    expect((await store.read('job_1', 1, 2))?.page).toMatchObject({ results: [{ index: 2 }], more: false })
    const [row] = await postgres.local().owner`select kept_until from twohop.job_results limit 1`
    expect(Math.abs(row?.kept_until.getTime() - Date.now() - 2 * HOUR)).toBeLessThan(60_000)
  })

  it('may be moved to R2 as well', async () => {
    const { store, settleDue, lines } = moving(
      createR2Results({ bucket, bytesOfAccount: 10_000_000, now: Date.now }),
      'r2',
    )
    await done(store, 100_000)
    const before = await store.read('job_1', -1, 3)
    expect(await settleDue()).toBe(1)
    expect([await inRedis(), await kept(), lines]).toEqual([0, RECORD_BYTES, []])
    expect((await store.read('job_1', -1, 3))?.page).toEqual(before?.page)
    const { objects } = await bucket.list({ prefix: R2_PREFIX })
    const ends = objects.map(({ key }) => Number(/-(\d+)$/.exec(key)?.[1]))
    expect(ends.length).toBeGreaterThan(0)
    for (const end of ends) expect(Math.abs(end - Date.now() - 2 * HOUR)).toBeLessThan(60_000)
    await emptyBucket(bucket)
  })

  it('are read where they were moved, also when new ones go elsewhere; unreachable, they are not taken for none', async () => {
    const { store, jobs, settleDue } = stores()
    await done(store, 100_000)
    const before = await store.read('job_1', -1, 3)
    await settleDue()
    const r2 = createR2Results({ bucket, bytesOfAccount: 10_000_000, now: Date.now })
    const { url, secretKey: key } = postgres.local()
    const ledger = createSupabaseResults({ url, key, bytesOfAccount: 1, fetch })
    expect((await withMovedResults(jobs, { r2, ledger }).read('job_1', -1, 3))?.page).toEqual(before?.page)
    for (const others of [{ r2 }, {}])
      await expect(withMovedResults(jobs, others).read('job_1', -1, 3)).rejects.toMatchObject({
        code: 'store_unavailable',
      })
    // As a preview wrote it, before there were two places.
    await redis.command('HSET', 'twohop:job:job_1', 'moved', '1')
    expect((await store.read('job_1', -1, 3))?.page).toEqual(before?.page)
  })

  it('stay in Redis where they are small', async () => {
    const { store, settleDue } = stores()
    await done(store, 100)
    await settleDue()
    expect([await inRedis(), await rows()]).toEqual([1, 0])
    expect((await store.read('job_1', -1, 9))?.page.results).toHaveLength(3)
  })

  it.each([
    ['has no room', 200_000, undefined, 'job_results_no_room'],
    ['is away', 1_000_000, 'http://127.0.0.1:9', 'job_results_not_moved'],
  ])('stay in Redis where Postgres %s; the job is charged all the same', async (_why, most, url, event) => {
    const { store, settleDue, lines } = stores(most, url)
    await done(store, 100_000)
    expect(await settleDue()).toBe(1)
    expect(await inRedis()).toBe(1)
    expect(await rows()).toBe(0)
    expect(lines).toMatchObject([{ level: 'warn', event }])
    expect((await store.read('job_1', -1, 1))?.page).toMatchObject({ results: [{ index: 0 }], more: true })
    expect(await store.get('job_1')).toMatchObject({ settled: '1', units: 3 })
  })
})
