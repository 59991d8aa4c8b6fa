import { beforeEach, describe, expect, it } from 'vitest'
import { copyResults, type ResultStore } from '../../../edge/jobs/results.ts'
import { createSupabaseResults } from '../../../edge/jobs/supabase-results.ts'
import { createUpstashResults } from '../../../edge/jobs/upstash-results.ts'
import { describeEachRedis } from '../budget/each-redis.ts'
import { running } from '../ledger/each-postgres.ts'

const ADA = 'firebase:ada'
const DAY = 86_400_000
const until = () => Date.now() + DAY
const result = (index: number, text = `r${index}`) => ({
  index,
  json: JSON.stringify({ status: 200, body: text }),
})

/** What every store of results does. `begun` makes a job of so many inputs known to the store. */
function suite(store: () => ResultStore, begun: (id: string, count: number) => Promise<unknown>) {
  const indexes = async (after: number, most: number) => {
    const { results, more } = await store().page('job_1', after, most)
    return [results.map(({ index }) => index), more]
  }

  it('gives back what it was given, by index, a page at a time', async () => {
    await begun('job_1', 12)
    const odd = result(10, 'é 🔑 \u0000 \\u0000 " \n')
    const all = [result(3), odd, result(0), result(7)]
    expect(await store().put({ id: 'job_1', account: ADA, until: until() }, all)).toBe(true)
    expect((await store().page('job_1', -1, 100)).results).toEqual([result(0), result(3), result(7), odd])
    expect(await indexes(-1, 2)).toEqual([[0, 3], true])
    expect(await indexes(3, 2)).toEqual([[7, 10], false])
    expect(await indexes(10, 2)).toEqual([[], false])
    expect(await store().page('job_2', -1, 10)).toEqual({ results: [], more: false })
  })

  it('leaves a result that is there as it is', async () => {
    await begun('job_1', 2)
    const job = { id: 'job_1', account: ADA, until: until() }
    await store().put(job, [result(0)])
    await store().put(job, [result(0, 'other'), result(1)])
    expect((await store().page('job_1', -1, 9)).results).toEqual([result(0), result(1)])
  })

  it('gives fewer where they are long, and at least one', async () => {
    await begun('job_1', 3)
    const long = [0, 1, 2].map((index) => result(index, 'x'.repeat(index === 1 ? 400_000 : 10)))
    for (const one of long) await store().put({ id: 'job_1', account: ADA, until: until() }, [one])
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
      const job = { id: 'job_1', account: ADA, until: until() }
      const all = Array.from({ length: 700 }, (_, index) => result(index))
      await first.put(job, all)
      expect(await copyResults(first, kept, job)).toBe(true)
      expect((await kept.page('job_1', -1, 1000)).results).toEqual(all)
    })

    it('are bounded for each account, and none is kept beyond that', async () => {
      const job = (id: string, account = ADA) => ({ id, account, until: until() })
      const half = [result(0, 'x'.repeat(499_900))]
      expect(await kept.put(job('job_1'), half)).toBe(true)
      const over = [result(0, 'x'.repeat(400_000)), result(1, 'x'.repeat(200_000))]
      expect(await kept.put(job('job_2'), over)).toBe(false)
      expect((await kept.page('job_2', -1, 9)).results).toEqual([])
      expect(await kept.put(job('job_2', 'firebase:bob'), over)).toBe(true)
      const at = await Promise.all(['job_3', 'job_4', 'job_5'].map((id) => kept.put(job(id), half)))
      expect(at.filter((ok) => ok)).toHaveLength(1)
    })

    it('are gone when their time is over, and then dropped', async () => {
      await kept.put({ id: 'job_1', account: ADA, until: Date.now() - 1000 }, [result(0)])
      await kept.put({ id: 'job_2', account: ADA, until: until() }, [result(0)])
      expect((await kept.page('job_1', -1, 9)).results).toEqual([])
      expect([await kept.dropEnded(), await kept.dropEnded()]).toEqual([1, 0])
      expect((await kept.page('job_2', -1, 9)).results).toHaveLength(1)
    })

    it('that cannot be reached are an error that shows no key', async () => {
      const away = createSupabaseResults({
        url: 'http://127.0.0.1:9',
        key: 'secret',
        bytesOfAccount: 1,
        fetch,
      })
      const error = await away.page('job_1', -1, 1).catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ code: 'store_unavailable' })
      expect(String(error)).not.toContain('secret')
    })
  })
})
