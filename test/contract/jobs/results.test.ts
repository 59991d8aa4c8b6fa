import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createR2Results, R2_PREFIX } from '../../../edge/jobs/r2-results.ts'
import { copyResults, type ResultStore } from '../../../edge/jobs/results.ts'
import { createSupabaseResults } from '../../../edge/jobs/supabase-results.ts'
import { createUpstashResults } from '../../../edge/jobs/upstash-results.ts'
import { running } from '../../fixtures/each-postgres.ts'
import { emptyBucket, shortLists, workersBucket } from '../../fixtures/r2-bucket.ts'
import { describeEachRedis } from '../budget/each-redis.ts'

const ADA = 'firebase:ada'
const DAY = 86_400_000
const until = () => Date.now() + DAY
/** A job's results, to be kept for a day. */
const job = (id: string, account = ADA) => ({ id, account, until: until() })
const result = (index: number, text = `r${index}`) => ({
  index,
  json: JSON.stringify({ status: 200, body: text }),
})

/** What every store of results does. `begun` makes a job of so many inputs known to the store. */
function suite(store: () => ResultStore, begun: (id: string, count: number) => Promise<unknown>) {
  const indexes = async (after: number, most: number) => {
    const { results, more } = await store().page(job('job_1'), after, most)
    return [results.map(({ index }) => index), more]
  }

  it('gives back what it was given, by index, a page at a time', async () => {
    await begun('job_1', 12)
    const odd = result(10, 'é 🔑 \u0000 \\u0000 " \n')
    const all = [result(3), odd, result(0), result(7)]
    expect(await store().put(job('job_1'), all)).toBe(true)
    expect((await store().page(job('job_1'), -1, 100)).results).toEqual([
      result(0),
      result(3),
      result(7),
      odd,
    ])
    expect(await indexes(-1, 2)).toEqual([[0, 3], true])
    expect(await indexes(3, 2)).toEqual([[7, 10], false])
    expect(await indexes(10, 2)).toEqual([[], false])
    expect(await store().page(job('job_2'), -1, 10)).toEqual({ results: [], more: false })
  })

  it('gives results in their order, however they came', async () => {
    await begun('job_1', 9)
    for (const some of [[result(8), result(2)], [result(1)], [result(5), result(0)]])
      await store().put(job('job_1'), some)
    expect(await indexes(-1, 3)).toEqual([[0, 1, 2], true])
    expect(await indexes(1, 9)).toEqual([[2, 5, 8], false])
  })

  it('leaves a result that is there as it is', async () => {
    await begun('job_1', 2)
    await store().put(job('job_1'), [result(0)])
    await store().put(job('job_1'), [result(0, 'other'), result(1)])
    expect((await store().page(job('job_1'), -1, 9)).results).toEqual([result(0), result(1)])
  })

  it('gives fewer where they are long, and at least one', async () => {
    await begun('job_1', 3)
    const long = [0, 1, 2].map((index) => result(index, 'x'.repeat(index === 1 ? 400_000 : 10)))
    for (const one of long) await store().put(job('job_1'), [one])
    expect([await indexes(-1, 9), await indexes(0, 9), await indexes(1, 9)]).toEqual([
      [[0], true],
      [[1], true],
      [[2], false],
    ])
  })
}

describeEachRedis('results of jobs', (redis) => {
  suite(
    () => createUpstashResults({ ...redis.local(), timeoutMs: 20_000 }),
    (id, count) => redis.command('HSET', `twohop:job:${id}`, 'count', count),
  )

  describe('and in Postgres', () => {
    const postgres = running()
    let kept: ReturnType<typeof createSupabaseResults>
    beforeEach(() => {
      const { url, secretKey: key } = postgres.local()
      kept = createSupabaseResults({ url, key, bytesOfAccount: 1_000_000, fetch })
    })
    suite(
      () => kept,
      async () => {},
    )

    it('are copied from Redis, all of them', async () => {
      const first = createUpstashResults({ ...redis.local(), timeoutMs: 20_000 })
      await redis.command('HSET', 'twohop:job:job_1', 'count', 700)
      const all = Array.from({ length: 700 }, (_, index) => result(index))
      await first.put(job('job_1'), all)
      expect(await copyResults(first, kept, job('job_1'))).toBe(true)
      expect((await kept.page(job('job_1'), -1, 1000)).results).toEqual(all)
    })

    it('are bounded for each account, and none is kept beyond that', async () => {
      const half = [result(0, 'x'.repeat(499_900))]
      expect(await kept.put(job('job_1'), half)).toBe(true)
      const over = [result(0, 'x'.repeat(400_000)), result(1, 'x'.repeat(200_000))]
      expect(await kept.put(job('job_2'), over)).toBe(false)
      expect((await kept.page(job('job_2'), -1, 9)).results).toEqual([])
      expect(await kept.put(job('job_2', 'firebase:bob'), over)).toBe(true)
      const at = await Promise.all(['job_3', 'job_4', 'job_5'].map((id) => kept.put(job(id), half)))
      expect(at.filter((ok) => ok)).toHaveLength(1)
    })

    it('are gone when their time is over, and then dropped', async () => {
      await kept.put({ ...job('job_1'), until: Date.now() - 1000 }, [result(0)])
      await kept.put(job('job_2'), [result(0)])
      expect((await kept.page(job('job_1'), -1, 9)).results).toEqual([])
      expect([await kept.dropEnded(), await kept.dropEnded()]).toEqual([1, 0])
      expect((await kept.page(job('job_2'), -1, 9)).results).toHaveLength(1)
    })

    it('that cannot be reached are an error that shows no key', async () => {
      const away = createSupabaseResults({
        url: 'http://127.0.0.1:9',
        key: 'secret',
        bytesOfAccount: 1,
        fetch,
      })
      const error = await away.page(job('job_1'), -1, 1).catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ code: 'store_unavailable' })
      expect(String(error)).not.toContain('secret')
    })
  })
})

describe('results of jobs in R2', async () => {
  const bucket = await workersBucket()
  const store = (bytesOfAccount = 1_000_000, now = Date.now) =>
    createR2Results({ bucket, bytesOfAccount, now })
  const names = async () => (await bucket.list({ prefix: '' })).objects.map(({ key }) => key)
  afterEach(() => emptyBucket(bucket))
  suite(store, async () => {})

  it('are bounded for each account, and none is kept beyond that', async () => {
    const kept = store()
    const half = [result(0, 'x'.repeat(499_900))]
    const over = [result(0, 'x'.repeat(400_000)), result(1, 'x'.repeat(200_000))]
    expect(await kept.put(job('job_1'), half)).toBe(true)
    expect(await kept.put(job('job_2'), over)).toBe(false)
    expect((await kept.page(job('job_2'), -1, 9)).results).toEqual([])
    expect(await kept.put(job('job_2', 'firebase:bob'), over)).toBe(true)
    // What is over takes no room.
    const later = store(1_000_000, () => Date.now() + 2 * DAY)
    expect(await later.put({ ...job('job_2'), until: Date.now() + 3 * DAY }, over)).toBe(true)
  })

  it('are read by nobody when their time is over, to the millisecond', async () => {
    const end = until()
    await store().put({ ...job('job_1'), until: end }, [result(0)])
    const at = async (now: number) => (await store(1_000_000, () => now).page(job('job_1'), -1, 9)).results
    expect([await at(end - 1), await at(end)]).toEqual([[result(0)], []])
  })

  it('are of their account: a job of the same name elsewhere is another, and no name says whose it is', async () => {
    const odd = 'firebase:p:u/job_1/0-0-9'
    await store().put(job('job_1'), [result(0)])
    await store().put(job('job_1', odd), [result(0, 'theirs')])
    expect((await store().page(job('job_1'), -1, 9)).results).toEqual([result(0)])
    expect((await store().page(job('job_1', odd), -1, 9)).results).toEqual([result(0, 'theirs')])
    expect((await store().page(job('job'), -1, 9)).results).toEqual([])
    for (const name of await names())
      expect(name).toMatch(new RegExp(`^${R2_PREFIX}[0-9a-f]{64}/job_1/0-0-\\d{13}$`))
  })

  it('are one object for each call, and the same call again makes none', async () => {
    const all = [0, 1, 2, 3].map((index) => result(index))
    const end = { ...job('job_1'), until: until() }
    await Promise.all([store().put(end, all), store().put(end, all), store().put(end, all)])
    await store().put(end, all)
    expect(await names()).toHaveLength(1)
    expect((await store().page(end, -1, 9)).results).toEqual(all)
  })

  it('lose none where calls at once have some of the same', async () => {
    const end = { ...job('job_1'), until: until() }
    const [some, all] = [[result(0), result(2)], [0, 1, 2].map((index) => result(index))]
    for (const [slow, quick] of [
      [some, all],
      [all, some],
    ] as const) {
      await emptyBucket(bucket)
      // Has found out what is there, and is overtaken before it writes.
      let overtaken: Promise<boolean> | undefined
      const put: typeof bucket.put = async (...words) => {
        overtaken ??= store().put(end, quick)
        await overtaken
        return bucket.put(...words)
      }
      const late = { list: bucket.list.bind(bucket), get: bucket.get.bind(bucket), put }
      await createR2Results({ bucket: late, bytesOfAccount: 1_000_000, now: Date.now }).put(end, slow)
      expect((await store().page(end, -1, 9)).results).toEqual(all)
    }
  })

  it('are found among more objects than one list gives', async () => {
    const other = createR2Results({ bucket: shortLists(bucket), bytesOfAccount: 1_000_000, now: Date.now })
    for (const index of [0, 1, 2, 3, 4]) expect(await other.put(job('job_1'), [result(index)])).toBe(true)
    expect((await other.page(job('job_1'), -1, 9)).results.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4])
  })

  it('are an error where R2 does not answer in time', async () => {
    const never = () => new Promise<never>(() => {})
    const hung = createR2Results({
      ...{ bucket: { list: never, get: never, put: never }, bytesOfAccount: 1_000_000 },
      ...{ timeoutMs: 1, now: Date.now },
    })
    await expect(hung.page(job('job_1'), -1, 1)).rejects.toMatchObject({ code: 'store_unavailable' })
    await expect(hung.put(job('job_1'), [result(0)])).rejects.toMatchObject({ code: 'store_unavailable' })
  })

  it('that cannot be read are an error that shows none of them', async () => {
    await store().put(job('job_1'), [result(0)])
    for (const name of await names()) await bucket.put(name, 'secret')
    const error = await store()
      .page(job('job_1'), -1, 1)
      .catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'store_unavailable' })
    expect(String(error)).not.toContain('secret')
  })
})
