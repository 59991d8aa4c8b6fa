import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  type CompileTask,
  createLane,
  type Turn,
} from '../../../../../../inference-host/decoding/structure/pool/lane.ts'
import type {
  Compilation,
  CompileThread,
} from '../../../../../../inference-host/decoding/structure/pool/thread.ts'
import { createTurns } from '../../../../../../inference-host/scheduler/turns.ts'

type Named = CompileTask & { name: string }

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A lane over a thread that takes for each structure as long as its pattern says. */
function setUp() {
  const order: string[] = []
  const ends: [string, Compilation['how']][] = []
  let end = (_: Compilation['how']) => {}
  let began = 0
  const hurried: number[] = []
  const thread: CompileThread = {
    compile(structure) {
      began = Date.now()
      const { promise, resolve } = Promise.withResolvers<Awaited<ReturnType<CompileThread['compile']>>>()
      end = (how) => resolve({ how, tookMs: Date.now() - began } as never)
      order.push(structure.kind === 'regex' ? structure.pattern : '')
      return promise
    },
    tookMs: () => Date.now() - began,
    hurry: () => void hurried.push(Date.now()),
    close: async () => end('failed'),
  }
  const lane = createLane<Named>({
    thread,
    turns: createTurns({ quantum: 1 }),
    ended: ({ name }, { how }) => void ends.push([name, how]),
  })
  function add(account: string, name: string, priority: Turn['priority'] = 'interactive', weight = 1): Named {
    const structure = { kind: 'regex', pattern: name, path: [] } as const
    const task = { account, weight, priority, cost: 1, structure, tookMs: 0, name }
    lane.add(task)
    return task
  }
  /** Ends what is under way after so many milliseconds. */
  async function pass(ms: number, how: Compilation['how'] = 'compiled') {
    vi.advanceTimersByTime(ms)
    end(how)
    await vi.advanceTimersByTimeAsync(0)
  }
  return { lane, add, pass, order, ends, hurried }
}

describe('whose turn it is', () => {
  test('a bystander comes right after the one under way, whatever another account has sent before', async () => {
    const { add, pass, order } = setUp()
    for (const name of ['1', '2', '3', '4']) add('mallory', name)
    add('bystander', 'own')
    for (let i = 0; i < 5; i++) await pass(2000, 'too_long')
    expect(order).toEqual(['1', 'own', '2', '3', '4'])
  })

  test('a bystander waits for one of each account at most, however much these send', async () => {
    const { add, pass, order } = setUp()
    for (let round = 0; round < 10; round++) for (const account of ['a', 'b', 'c', 'd']) add(account, account)
    for (let i = 0; i < 10; i++) await pass(100, 'too_long')
    add('bystander', 'own')
    for (let i = 0; i < 4; i++) await pass(100, 'too_long')
    expect(order.slice(10)).toContain('own')
  })

  test('accounts share the milliseconds, not the structures', async () => {
    const { add, pass, order } = setUp()
    for (let i = 0; i < 3; i++) add('slow', 'slow')
    for (let i = 0; i < 4; i++) add('quick', 'quick')
    for (let i = 0; i < 7; i++) await pass(order.at(-1) === 'slow' ? 1000 : 10)
    expect(order).toEqual(['slow', 'quick', 'quick', 'quick', 'quick', 'slow', 'slow'])
  })

  test('an account of three times the weight has three times the milliseconds', async () => {
    const { add, pass, order } = setUp()
    for (let i = 0; i < 12; i++) add('heavy', 'heavy', 'interactive', 3)
    for (let i = 0; i < 12; i++) add('light', 'light')
    for (let i = 0; i < 11; i++) await pass(10)
    expect(order.filter((name) => name === 'heavy')).toHaveLength(9)
  })

  test('what a job needs waits for what requests need', async () => {
    const { add, pass, order } = setUp()
    add('ada', '1')
    add('worker', 'job', 'job')
    add('ada', '2')
    for (let i = 0; i < 3; i++) await pass(5)
    expect(order).toEqual(['1', '2', 'job'])
  })
})

test('a task pays for what it took, in all its turns', async () => {
  const { lane, add, pass, ends } = setUp()
  const task = add('ada', '1')
  vi.advanceTimersByTime(30)
  expect([lane.runningMs(task), task.tookMs]).toEqual([30, 0])
  await pass(70, 'too_long')
  expect([lane.runningMs(task), task.tookMs, task.cost]).toEqual([0, 100, 100])
  lane.add(task)
  await pass(5)
  expect(task.tookMs).toBe(105)
  expect(ends).toEqual([
    ['1', 'too_long'],
    ['1', 'compiled'],
  ])
})

test('who leaves before its turn has none; what nobody else needs is given up in its turn', async () => {
  const { lane, add, pass, order, hurried } = setUp()
  const [first, second] = [add('ada', '1'), add('ada', '2')]
  add('ada', '3')
  lane.drop(second, true)
  lane.drop(first, false)
  expect(hurried).toEqual([])
  lane.drop(first, true)
  expect(hurried).toHaveLength(1)
  await pass(5, 'hurried')
  expect(order).toEqual(['1', '3'])
})

test('closed, it tells nobody any more and begins nothing', async () => {
  const { lane, add, order, ends } = setUp()
  add('ada', '1')
  add('ada', '2')
  await lane.close()
  await vi.advanceTimersByTimeAsync(0)
  expect([order, ends]).toEqual([['1'], []])
})
