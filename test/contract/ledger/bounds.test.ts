import { expect, it } from 'vitest'
import { createUpstashBounded } from '../../../edge/ledger/upstash-bounded.ts'
import { describeEachRedis, events, request, settlement } from '../budget/each-redis.ts'

const ADA = 'firebase:ada'

describeEachRedis('streams within their bounds', (redis) => {
  const streams = () => createUpstashBounded({ ...redis.local(), timeoutMs: 20_000 })
  const sums = async (account = ADA, month = '2026-11') => {
    const words = await redis.command<string[]>('HGETALL', `twohop:usage:${account}:${month}`)
    return Object.fromEntries(words.flatMap((word, i) => (i % 2 === 0 ? [[word, Number(words[i + 1])]] : [])))
  }
  const act = (n: number) =>
    redis.command('XADD', 'twohop:audit', '*', 'actor', 'a', 'action', 'key.create', 'target', `t${n}`)

  it('become sums by account, month and model, the oldest first, and no unit is lost', async () => {
    const budget = redis.budget()
    for (let n = 0; n < 6; n++) {
      await budget.reserve(request(`r${n}`, { account: n === 1 ? 'firebase:bob' : ADA }))
      await budget.settle(settlement(`r${n}`, { units: 4 + n }))
    }
    expect(await streams().trim({ events: 2, acts: 5 })).toEqual({
      events: 2,
      acts: 0,
      rolledUp: 4,
      dropped: 0,
    })
    expect((await events(redis)).map(({ request_id }) => request_id)).toEqual(['r4', 'r5'])
    const model = (requests: number, units: number) => ({
      'tiny-chat:requests': requests,
      'tiny-chat:prompt_tokens': requests,
      'tiny-chat:output_tokens': 3 * requests,
      'tiny-chat:units': units,
    })
    expect(await sums()).toEqual(model(3, 4 + 6 + 7))
    expect(await sums('firebase:bob')).toEqual(model(1, 5))
    expect(await redis.command('PTTL', `twohop:usage:${ADA}:2026-11`)).toBeGreaterThan(399 * 86_400_000)
    expect(await streams().trim({ events: 2, acts: 5 })).toMatchObject({ rolledUp: 0 })
    expect(await streams().trim({ events: 0, acts: 5 })).toMatchObject({ events: 0, rolledUp: 2 })
    expect(await sums()).toEqual(model(5, 4 + 6 + 7 + 8 + 9))
  })

  it('count a correction as no request', async () => {
    const budget = redis.budget()
    await budget.reserve(request('r1', { leaseMs: 1000 }))
    redis.clock.now += 1000
    await budget.sweep(1)
    await budget.settle(settlement('r1', { units: 4 }))
    await streams().trim({ events: 0, acts: 0 })
    expect(await sums()).toMatchObject({ 'tiny-chat:requests': 1, 'tiny-chat:units': 4 })
  })

  it('lose the oldest acts, and what is no event as well', async () => {
    for (let n = 0; n < 5; n++) await act(n)
    await redis.command('XADD', 'twohop:events', '*', 'no', 'event')
    expect(await streams().trim({ events: 0, acts: 3 })).toEqual({
      events: 0,
      acts: 3,
      rolledUp: 1,
      dropped: 2,
    })
    const left = await redis.command<[string, string[]][]>('XRANGE', 'twohop:audit', '-', '+')
    expect(left.map(([, words]) => words.at(-1))).toEqual(['t2', 't3', 't4'])
    expect(await redis.command('KEYS', 'twohop:usage:*')).toEqual([])
  })

  it('take off a thousand of each at once', async () => {
    await redis.pipeline(
      Array.from({ length: 1200 }, (_, n) => [
        'XADD',
        'twohop:events',
        '*',
        'account',
        'a',
        'month',
        '2026-11',
        'model',
        'm',
        'units',
        n,
      ]),
    )
    expect(await streams().trim({ events: 0, acts: 0 })).toMatchObject({ events: 200, rolledUp: 1000 })
    expect(await sums('a')).toEqual({ 'm:units': (999 * 1000) / 2 })
  })
})
