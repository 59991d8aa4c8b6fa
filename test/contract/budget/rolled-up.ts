import { expect } from 'vitest'
import { unpacked } from '../../../edge/stats/packed.ts'
import type { RunningRedis, UsageEvent } from './each-redis.ts'

/**
 * That what is rolled up in Redis is what the events say: by account, day, task and model, and for everybody; and that a day's
 * top accounts are those of its counters.
 */
export async function expectRolledUp(redis: RunningRedis, ledger: readonly UsageEvent[]): Promise<void> {
  const expected = new Map<string, Record<string, number>>()
  for (const event of ledger) {
    const date = new Date(Number(event.reserved_at)).toISOString()
    const [month, day] = [date.slice(0, 7), date.slice(8, 10)]
    for (const key of [
      `twohop:history:${event.account}:${month} ${day} ${event.task} ${event.model}`,
      `twohop:stats:${month} ${day} ${event.task} ${event.version || '-'} ${event.model}`,
    ]) {
      const sums = expected.get(key) ?? {}
      expected.set(key, sums)
      const add = (name: string, by: number) => {
        sums[name] = (sums[name] ?? 0) + by
      }
      add(event.outcome?.slice(0, 1) ?? '', 1)
      if (event.kind === 'correction') add('u', -1)
      add('p', Number(event.prompt_tokens))
      add('t', Number(event.output_tokens))
      add('n', Number(event.units))
    }
  }
  const keys = await redis.command<string[]>('KEYS', 'twohop:history:*')
  const found = new Map<string, Record<string, number>>()
  for (const key of [...keys, ...(await redis.command<string[]>('KEYS', 'twohop:stats:*'))]) {
    const words = await redis.command<string[]>('HGETALL', key)
    for (let i = 0; i < words.length; i += 2) found.set(`${key} ${words[i]}`, named(words[i + 1] ?? ''))
  }
  expect([...found].sort()).toEqual([...expected].map(([key, sums]) => [key, nonZero(sums)]).sort())
  await expectTops(redis)
}

/** Sums by name, in one order, without those that are nothing and those of times. */
const named = (text: string) => nonZero(Object.fromEntries(unpacked(text)))
const nonZero = (sums: Record<string, number>) =>
  Object.fromEntries(
    Object.entries(sums)
      .filter(([name, sum]) => sum !== 0 && /^[a-z]$/.test(name))
      .sort(),
  )

async function expectTops(redis: RunningRedis): Promise<void> {
  for (const top of await redis.command<string[]>('KEYS', 'twohop:top:*')) {
    const date = top.slice('twohop:top:'.length)
    const words = await redis.command<string[]>('ZRANGE', top, 0, -1, 'WITHSCORES')
    for (let i = 0; i < words.length; i += 2) {
      const used = await redis.command<string>('HGET', `twohop:budget:${words[i]}:day:${date}`, 'used')
      expect(words[i + 1], `${top} ${words[i]}`).toBe(used)
    }
  }
}
