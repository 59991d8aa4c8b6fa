import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  createFairQueue,
  type FairQueue,
  type Share,
} from '../../../../inference-host/scheduler/fair-queue.ts'

const QUANTUM = 16

type Item = Share & { name?: string }

const item = (account: string, cost = 100, weight = 1, name?: string): Item => ({
  account,
  cost,
  weight,
  ...(name !== undefined && { name }),
})

function serveNext(queue: FairQueue<Item>): Item | undefined {
  const next = queue.next()
  if (next !== undefined) queue.serve(next)
  return next
}

describe('order', () => {
  test('within an account, first come, first served', () => {
    const queue = createFairQueue<Item>()
    for (const name of ['a', 'b', 'c']) queue.add(item('x', name === 'a' ? 1000 : 1, 1, name))
    expect([serveNext(queue), serveNext(queue), serveNext(queue), serveNext(queue)]).toMatchObject([
      { name: 'a' },
      { name: 'b' },
      { name: 'c' },
      undefined,
    ])
  })

  test('who comes while another has 64 waiting is next, again and again', () => {
    const queue = createFairQueue<Item>()
    for (let i = 0; i < 64; i++) queue.add(item('loaded'))
    for (let i = 0; i < 20; i++) {
      expect(serveNext(queue)?.account).toBe('loaded')
      queue.add(item('other'))
      expect(serveNext(queue)?.account).toBe('other')
    }
  })

  test('several that come anew are served in the order they came', () => {
    const queue = createFairQueue<Item>()
    queue.add(item('loaded'))
    serveNext(queue)
    queue.add(item('loaded'))
    for (const account of ['a', 'b', 'c']) queue.add(item(account))
    expect([1, 2, 3, 4].map(() => serveNext(queue)?.account)).toEqual(['a', 'b', 'c', 'loaded'])
  })

  test('who is charged more later comes later, whether it waits or not', () => {
    for (const waits of [true, false]) {
      const queue = createFairQueue<Item>()
      queue.add(item('a'))
      queue.add(item('b'))
      serveNext(queue)
      if (waits) queue.add(item('a'))
      queue.charge(item('a', 250))
      if (!waits) queue.add(item('a'))
      for (let i = 0; i < 4; i++) queue.add(item('b'))
      expect([1, 2, 3, 4, 5].map(() => serveNext(queue)?.account)).toEqual(['b', 'b', 'b', 'b', 'a'])
    }
  })

  test('looking changes nothing', () => {
    const queue = createFairQueue<Item>()
    queue.add(item('a'))
    queue.add(item('b'))
    expect(queue.next()?.account).toBe('a')
    expect(queue.next((account) => account !== 'a')?.account).toBe('b')
    expect(queue.next(() => false)).toBeUndefined()
    expect(queue.next()?.account).toBe('a')
    expect(queue.size).toBe(2)
  })

  test('sending one at a time gains nothing over having many wait', () => {
    const queue = createFairQueue<Item>()
    const served = { loaded: 0, sequential: 0 }
    for (let i = 0; i < 3; i++) queue.add(item('loaded'))
    queue.add(item('sequential'))
    for (let i = 0; i < 400; i++) {
      const { account } = serveNext(queue) as Item
      served[account as keyof typeof served]++
      queue.add(item(account))
    }
    expect(Math.abs(served.loaded - served.sequential)).toBeLessThanOrEqual(2)
  })
})

describe('shares', () => {
  test.each([
    [1, 1],
    [3, 1],
    [10, 1],
    [0.5, 2],
  ])('tokens go by weight: %d to %d', (a, b) => {
    const queue = createFairQueue<Item>()
    const tokens = { a: 0, b: 0 }
    const costs = { a: 37, b: 211 }
    const weights = { a, b }
    const add = (account: 'a' | 'b') => queue.add(item(account, costs[account], weights[account]))
    add('a')
    add('b')
    for (let i = 0; i < 5000; i++) {
      const account = (queue.next() as Item).account as 'a' | 'b'
      add(account)
      serveNext(queue)
      tokens[account] += costs[account]
    }
    expect(tokens.a / tokens.b / (a / b)).toBeGreaterThan(0.99)
    expect(tokens.a / tokens.b / (a / b)).toBeLessThan(1.01)
  })

  test('over any arrivals, of two that wait none gets ahead by more than a largest request or quantum each', async () => {
    const weights = { a: 1, b: 2, c: 0.5, d: 7 }
    type Account = keyof typeof weights
    const accounts = Object.keys(weights) as Account[]
    const arrival = fc.record({
      account: fc.constantFrom(...accounts),
      cost: fc.integer({ min: 1, max: 300 }),
    })
    const anyStep = fc.oneof(
      { weight: 4, arbitrary: arrival },
      { weight: 4, arbitrary: fc.constant('serve' as const) },
      { weight: 1, arbitrary: fc.record({ drop: fc.nat() }) },
    )
    await fc.assert(
      fc.property(fc.array(anyStep, { minLength: 50, maxLength: 300, size: 'max' }), (steps) => {
        const queue = createFairQueue<Item>({ quantum: QUANTUM })
        const served = { a: 0, b: 0, c: 0, d: 0 }
        const largest = { a: QUANTUM, b: QUANTUM, c: QUANTUM, d: QUANTUM }
        /** The least and greatest lead of one over another since both wait. */
        const leads = new Map<string, { least: number; most: number }>()

        function check(): void {
          for (const one of accounts)
            for (const two of accounts) {
              if (one >= two) continue
              const lead = served[one] - served[two]
              const pair = one + two
              const known = leads.get(pair) ?? { least: lead, most: lead }
              const now = { least: Math.min(known.least, lead), most: Math.max(known.most, lead) }
              if (leads.has(pair) && now.most - now.least > largest[one] + largest[two] + 1e-9)
                throw new Error(`${one} and ${two} are ${now.most - now.least} apart`)
              if (queue.sizeOf(one) > 0 && queue.sizeOf(two) > 0) leads.set(pair, now)
              else leads.delete(pair)
            }
        }

        for (const step of steps) {
          if (step === 'serve') {
            const next = serveNext(queue)
            if (next === undefined) continue
            served[next.account as Account] += next.cost / next.weight
          } else if ('drop' in step) {
            const all = [...queue.items()]
            const one = all[step.drop % Math.max(1, all.length)]
            if (one !== undefined) expect(queue.drop(one)).toBe(true)
          } else {
            const weight = weights[step.account]
            largest[step.account] = Math.max(largest[step.account], step.cost / weight)
            queue.add(item(step.account, step.cost, weight))
          }
          check()
        }
      }),
      { numRuns: 300 },
    )
  })

  test('a stream of new accounts that never ends does not starve one that was served a lot', () => {
    const queue = createFairQueue<Item>({ quantum: QUANTUM })
    queue.add(item('old', 1000))
    queue.add(item('old', 1000))
    expect(serveNext(queue)?.account).toBe('old')
    const newcomers = 10
    for (let i = 0; i < newcomers; i++) queue.add(item(`first-${i}`))
    // Its debt is 1000 rounds; each time that all who wait are served once, the round moves on by a quantum.
    const most = newcomers * Math.ceil(1000 / QUANTUM)
    let served = 0
    for (; served <= most && serveNext(queue)?.account !== 'old'; served++) queue.add(item(`next-${served}`))
    expect(served).toBeGreaterThan(newcomers)
    expect(served).toBeLessThanOrEqual(most)
  })
})

describe('bounds', () => {
  test('counts in all and by account; dropped once, never served', () => {
    const queue = createFairQueue<Item>()
    const [one, two, other] = [item('a', 1, 1, 'one'), item('a', 1, 1, 'two'), item('b')]
    for (const each of [one, two, other]) queue.add(each)
    expect([queue.size, queue.sizeOf('a'), queue.sizeOf('b'), queue.sizeOf('c')]).toEqual([3, 2, 1, 0])
    expect([queue.drop(one), queue.drop(one)]).toEqual([true, false])
    expect([queue.size, queue.sizeOf('a')]).toEqual([2, 1])
    expect(() => queue.serve(one)).toThrow()
    expect([serveNext(queue), serveNext(queue), serveNext(queue)]).toEqual([two, other, undefined])
  })

  test('debts of those who have gone are kept for the last few only', () => {
    const order = (mostIdle: number) => {
      const queue = createFairQueue<Item>({ mostIdle })
      queue.add(item('debtor', 1000))
      serveNext(queue)
      for (const account of ['b', 'c']) {
        queue.add(item(account, 50))
        serveNext(queue)
      }
      queue.add(item('debtor'))
      queue.add(item('fresh'))
      return serveNext(queue)?.account
    }
    expect(order(3)).toBe('fresh')
    expect(order(2)).toBe('debtor')
  })

  test('debts end with the busy time', () => {
    const queue = createFairQueue<Item>()
    queue.add(item('debtor', 1000))
    serveNext(queue)
    queue.forget()
    queue.add(item('debtor'))
    queue.add(item('fresh'))
    expect(serveNext(queue)?.account).toBe('debtor')
  })

  test.each([
    [0, 1],
    [1, 0],
    [-1, 1],
    [1, Number.NaN],
    [Number.POSITIVE_INFINITY, 1],
  ])('a cost of %d at a weight of %d is refused', (cost, weight) => {
    expect(() => createFairQueue<Item>().add(item('a', cost, weight))).toThrow(RangeError)
  })
})
