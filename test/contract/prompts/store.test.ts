import { expect, it } from 'vitest'
import type { PromptEntry } from '../../../edge/log/prompts.ts'
import { createUpstashPrompts } from '../../../edge/log/upstash-prompts.ts'
import { PROMPTS_KEY } from '../../../edge/store/redis-keys.ts'
import { describeEachRedis } from '../budget/each-redis.ts'

const HOUR = 3_600_000
const entry = (request_id: string): PromptEntry => ({
  request_id,
  account: 'firebase:demo:u1',
  plan: 'free',
  model: 'm',
  task: 'chat',
  prompt: '{"prompt":"hello"}',
})

describeEachRedis('prompts', (redis) => {
  function world({ most = 3 } = {}) {
    const clock = { ms: Date.now() }
    const { url, token } = redis.local()
    const store = createUpstashPrompts({
      url,
      token,
      timeoutMs: 5000,
      keptMs: 24 * HOUR,
      most,
      now: () => clock.ms,
    })
    const ids = async () => (await store.latest(10)).map((one) => one.request_id)
    return { clock, store, ids }
  }

  it('are read the latest first, with their time', async () => {
    const { clock, store } = world()
    await store.keep(entry('r1'))
    clock.ms += 5
    await store.keep({ ...entry('r2'), version: 'v2', cut: true })
    expect(await store.latest(10)).toEqual([
      { ...entry('r2'), version: 'v2', cut: true, at: clock.ms },
      { ...entry('r1'), at: clock.ms - 5 },
    ])
    expect((await store.latest(1)).map((one) => one.request_id)).toEqual(['r2'])
  })

  it('are read a thousand at a time, each once where new ones come meanwhile', async () => {
    const { url, token } = redis.local()
    const began = Date.now()
    const words = (first: number, last: number) =>
      Array.from({ length: last - first }, (_, i) => [
        String(began + first + i),
        JSON.stringify(entry(`r${first + i}`)),
      ]).flat()
    await redis.command('ZADD', PROMPTS_KEY, ...words(0, 2500))
    const asked: string[] = []
    const store = createUpstashPrompts({
      ...{ url, token, timeoutMs: 5000, keptMs: HOUR, most: 5000, now: () => began },
      fetch: async (address, { redirect: _, ...sent }) => {
        asked.push(String(sent.body))
        const answer = await fetch(address, {
          method: 'POST',
          headers: sent.headers,
          body: sent.body ?? null,
        })
        if (asked.length === 1) await redis.command('ZADD', PROMPTS_KEY, ...words(2500, 2503))
        return answer
      },
    })
    const ids = (await store.latest(5000)).map((one) => one.request_id)
    expect(ids).toEqual(Array.from({ length: 2500 }, (_, i) => `r${2499 - i}`))
    expect(asked.map((body) => JSON.parse(body))).toEqual([
      [['ZRANGE', PROMPTS_KEY, '-1000', '-1', 'WITHSCORES']],
      [['ZRANGE', PROMPTS_KEY, '-2000', '-1001', 'WITHSCORES']],
      [['ZRANGE', PROMPTS_KEY, '-3000', '-2001', 'WITHSCORES']],
    ])
  })

  it('are no more than so many, the newest', async () => {
    const { clock, store, ids } = world()
    for (const id of ['r1', 'r2', 'r3', 'r4', 'r5']) {
      clock.ms++
      await store.keep(entry(id))
    }
    expect(await ids()).toEqual(['r5', 'r4', 'r3'])
  })

  it('are gone when their time is over: to readers at once, from the store by the cron or the next, and all by themselves', async () => {
    const { clock, store, ids } = world()
    await store.keep(entry('r1'))
    expect(Number(await redis.command('PTTL', PROMPTS_KEY))).toBeGreaterThan(23 * HOUR)
    clock.ms += HOUR
    await store.keep(entry('r2'))
    clock.ms += 23 * HOUR
    expect([await ids(), await redis.command('ZCARD', PROMPTS_KEY)]).toEqual([['r2'], 2])
    await store.forget()
    expect(await redis.command('ZCARD', PROMPTS_KEY)).toBe(1)
    clock.ms += HOUR
    await store.keep(entry('r3'))
    expect([await ids(), await redis.command('ZCARD', PROMPTS_KEY)]).toEqual([['r3'], 1])
  })

  it('cannot be kept or read where the store is away', async () => {
    const away = createUpstashPrompts({
      url: 'http://127.0.0.1:9',
      token: 't',
      timeoutMs: 500,
      keptMs: HOUR,
      most: 3,
      now: Date.now,
    })
    for (const ask of [away.keep(entry('r1')), away.forget(), away.latest(1)])
      await expect(ask).rejects.toMatchObject({ code: 'store_unavailable' })
  })
})
