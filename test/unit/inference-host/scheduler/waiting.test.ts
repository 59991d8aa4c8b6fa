import { beforeEach, describe, expect, test } from 'vitest'
import { createWaiting, type Waiting } from '../../../../inference-host/scheduler/waiting.ts'

type Item = { account: string; cost: number; weight: number; priority: 'interactive' | 'job' }

const item = (account: string, priority: Item['priority'] = 'interactive'): Item => ({
  account,
  cost: 10,
  weight: 1,
  priority,
})

describe('what waits', () => {
  let waiting: Waiting<Item>
  beforeEach(() => {
    waiting = createWaiting()
    for (const account of ['a', 'a', 'b']) waiting.add(item(account))
    for (const account of ['a', 'c', 'c', 'c']) waiting.add(item(account, 'job'))
  })

  test('of jobs takes no place of a request, but requests take those of jobs', () => {
    expect(waiting.before('interactive', 'a')).toEqual({ waiting: 3, mine: 2, ahead: 2 })
    expect(waiting.before('interactive', 'c')).toEqual({ waiting: 3, mine: 0, ahead: 0 })
    expect(waiting.before('job', 'a')).toEqual({ waiting: 7, mine: 3, ahead: 1 })
    expect(waiting.before('job', 'c')).toEqual({ waiting: 7, mine: 3, ahead: 3 })
  })

  test('is counted by rank and in all', () => {
    expect([waiting.size, waiting.sizeOf('interactive'), waiting.sizeOf('job')]).toEqual([7, 3, 4])
  })

  test('is told request by request before job by job', () => {
    expect(waiting.items().map(({ priority }) => priority)).toEqual([
      'interactive',
      'interactive',
      'interactive',
      'job',
      'job',
      'job',
      'job',
    ])
  })

  test('has a next one in each rank, of an account that may; it waits until it is served or dropped', () => {
    const next = () => waiting.next('job', (account) => account === 'c')
    const [first] = [next()]
    expect(first).toMatchObject({ account: 'c', priority: 'job' })
    expect(next()).toBe(first)
    if (first) waiting.serve(first)
    expect(next()).not.toBe(first)
    expect(waiting.sizeOf('job')).toBe(3)
    const second = next()
    if (second) waiting.drop(second)
    expect([waiting.sizeOf('job'), waiting.sizeOf('interactive')]).toEqual([2, 3])
    expect(waiting.next('job', () => false)).toBeUndefined()
  })

  test('counts where it is held, and is next once it is released', () => {
    const held = item('d')
    waiting.hold(held)
    expect([waiting.size, waiting.sizeOf('interactive')]).toEqual([8, 4])
    expect(waiting.before('interactive', 'd')).toEqual({ waiting: 4, mine: 1, ahead: 1 })
    expect(waiting.before('job', 'd')).toEqual({ waiting: 8, mine: 1, ahead: 0 })
    expect(waiting.items()).toContain(held)
    const ofD = () => waiting.next('interactive', (account) => account === 'd')
    expect(ofD()).toBeUndefined()
    expect(waiting.release(held)).toBe(true)
    expect(ofD()).toBe(held)
    expect(waiting.size).toBe(8)
  })

  test('and dropped while it is held is gone: it cannot be released', () => {
    const held = item('d')
    waiting.hold(held)
    waiting.drop(held)
    expect(waiting.release(held)).toBe(false)
    expect(waiting.size).toBe(7)
  })
})
