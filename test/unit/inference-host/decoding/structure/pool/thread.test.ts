import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import {
  createCompileThread,
  type ThreadOptions,
} from '../../../../../../inference-host/decoding/structure/pool/thread.ts'
import type { Structure } from '../../../../../../inference-host/decoding/structure/structure.ts'
import { schemaStructure } from '../../../../../fixtures/structure/drive.ts'
import { handThreads } from '../../../../../fixtures/structure/hand-threads.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const numbered = (maximum: number): Structure => schemaStructure({ type: 'integer', minimum: 0, maximum })
const pass = (ms: number) => void vi.advanceTimersByTime(ms)

function setUp(options: ThreadOptions = {}, hand: Parameters<typeof handThreads>[0] = {}) {
  const { threads, startThread } = handThreads(hand)
  return { threads, thread: createCompileThread({ startThread, timeoutMs: 1000, ...options }) }
}

test('what takes too long ends its thread; what that still says is not taken for an answer to the next', async () => {
  const { threads, thread } = setUp()
  const slow = thread.compile(numbered(1))
  threads[0]?.started()
  pass(999)
  expect(threads[0]?.ended).toBe(false)
  pass(1)
  expect(await slow).toEqual({ how: 'too_long', tookMs: 1000 })
  const next = thread.compile(numbered(2))
  expect(threads.map(({ ended }) => ended)).toEqual([true, false])
  threads[0]?.answer()
  threads[1]?.started()
  pass(3)
  threads[1]?.answer()
  expect(await next).toMatchObject({ how: 'compiled', tookMs: 3 })
})

test('the time that the thread takes to start is not the structure’s', async () => {
  const { threads, thread } = setUp()
  const first = thread.compile(numbered(1))
  pass(20_000)
  expect(thread.tookMs()).toBe(0)
  threads[0]?.started()
  pass(999)
  expect(thread.tookMs()).toBe(999)
  threads[0]?.answer()
  expect(await first).toMatchObject({ how: 'compiled', tookMs: 999 })
})

test('a thread that does not start, or dies, has failed; the next structure has a new one', async () => {
  const { threads, thread } = setUp()
  const never = thread.compile(numbered(1))
  pass(30_000)
  expect(await never).toEqual({ how: 'failed', tookMs: 0 })
  const dies = thread.compile(numbered(2))
  threads[1]?.started()
  pass(5)
  threads[1]?.die()
  expect(await dies).toEqual({ how: 'failed', tookMs: 5 })
  void thread.compile(numbered(3))
  expect(threads.map(({ ended }) => ended)).toEqual([true, true, false])
})

test('what cannot be sent has failed, and nothing is left of it', async () => {
  const send = () => {
    throw new RangeError('Maximum call stack size exceeded')
  }
  const { threads, thread } = setUp({}, { send })
  expect(await thread.compile(numbered(1))).toEqual({ how: 'failed', tookMs: 0 })
  pass(60_000)
  expect(threads.map(({ ended }) => ended)).toEqual([false])
})

test('what nobody waits for is given up, unless it ends within a tenth of a second', async () => {
  const { threads, thread } = setUp()
  const quick = thread.compile(numbered(1))
  threads[0]?.started()
  thread.hurry()
  pass(99)
  threads[0]?.answer()
  expect(await quick).toMatchObject({ how: 'compiled', tookMs: 99 })
  const slow = thread.compile(numbered(2))
  pass(200)
  thread.hurry()
  pass(100)
  expect(await slow).toEqual({ how: 'hurried', tookMs: 300 })
  expect(threads.map(({ ended }) => ended)).toEqual([true])
})

test('what is about to be ended anyway is ended for that', async () => {
  const { threads, thread } = setUp()
  const slow = thread.compile(numbered(1))
  threads[0]?.started()
  pass(950)
  thread.hurry()
  pass(50)
  expect(await slow).toEqual({ how: 'too_long', tookMs: 1000 })
})

test('a thread is replaced after so many structures', async () => {
  const { threads, thread } = setUp({ recycleAfter: 2 })
  for (let maximum = 0; maximum < 5; maximum++) {
    const compiled = thread.compile(numbered(maximum))
    threads.at(-1)?.answer()
    await compiled
  }
  expect(threads.map(({ ended }) => ended)).toEqual([true, true, false])
})

test('a refusal is handed on, and closing ends what is under way', async () => {
  const { threads, thread } = setUp()
  const refused = thread.compile(numbered(1))
  threads[0]?.answer({ type: 'refused', message: 'no', param: 'a.b' })
  expect(await refused).toEqual({ how: 'refused', message: 'no', param: 'a.b', tookMs: 0 })
  const open = thread.compile(numbered(2))
  await thread.close()
  expect(await open).toMatchObject({ how: 'failed' })
  expect(threads[0]?.ended).toBe(true)
})
