import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createModelQueue } from '../../../../inference-host/scheduler/model-queue.ts'
import type { Run, RunEvent } from '../../../../inference-host/scheduler/run.ts'
import { CHAT_WORK, createHandEngine, runOf } from '../../../fixtures/hand-engine.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] }))
afterEach(() => void vi.useRealTimers())

const LATER = () => Date.now() + 60_000

async function eventsOf(run: Run): Promise<RunEvent[]> {
  const events: RunEvent[] = []
  for await (const event of run.events()) events.push(event)
  return events
}

function steady() {
  const clock = { ms: 0 }
  return { clock, now: () => clock.ms }
}

test('first come, first served, one at a time, and each gets its own events', async () => {
  const engine = createHandEngine()
  const { clock, now } = steady()
  const queue = createModelQueue({ engine, limit: 8, now })
  const [first, second] = [queue.submit(CHAT_WORK, LATER()), queue.submit(CHAT_WORK, LATER())]
  expect(engine.runs).toHaveLength(1)
  clock.ms = 7
  runOf(engine).report({ type: 'started', promptTokens: 3 })
  runOf(engine).report({ type: 'token', text: 'a', outputTokens: 1 })
  const output = { kind: 'text', finishReasons: ['stop'] } as const
  runOf(engine).end({ how: 'finished', output }, { promptTokens: 3, outputTokens: 2, computeMs: 7 })
  expect(engine.runs).toHaveLength(2)
  expect(await eventsOf(first)).toEqual([
    { type: 'started', promptTokens: 3 },
    { type: 'token', text: 'a', outputTokens: 1 },
    { type: 'finished', output },
  ])
  expect(first.report()).toEqual({
    promptTokens: 3,
    outputTokens: 2,
    queueMs: 0,
    computeMs: 7,
    firstTokenMs: 7,
  })
  clock.ms = 12
  runOf(engine, 1).end({ how: 'finished', output }, { promptTokens: 1, outputTokens: 1, computeMs: 5 })
  await eventsOf(second)
  expect(second.report()).toEqual({ promptTokens: 1, outputTokens: 1, queueMs: 7, computeMs: 5 })
  await queue.idle()
})

test('a full queue refuses with host_busy and takes in again once one left', () => {
  const queue = createModelQueue({ engine: createHandEngine(), limit: 2 })
  queue.submit(CHAT_WORK, LATER())
  const waiting = queue.submit(CHAT_WORK, LATER())
  queue.submit(CHAT_WORK, LATER())
  expect(queue.full()).toBe(true)
  expect(() => queue.submit(CHAT_WORK, LATER())).toThrow(expect.objectContaining({ code: 'host_busy' }))
  waiting.cancel()
  expect(queue.full()).toBe(false)
  queue.submit(CHAT_WORK, LATER())
})

test('cancelled while it waits: dropped, never computed, nothing used, and its figures stand still', async () => {
  const engine = createHandEngine()
  const { clock, now } = steady()
  const queue = createModelQueue({ engine, limit: 8, now })
  const running = queue.submit(CHAT_WORK, LATER())
  const waiting = queue.submit(CHAT_WORK, LATER())
  clock.ms = 5
  waiting.cancel()
  expect(await waiting.ended).toBe('cancelled')
  clock.ms = 50
  expect(waiting.report()).toEqual({ promptTokens: 0, outputTokens: 0, queueMs: 5, computeMs: 0 })
  await expect(eventsOf(waiting)).rejects.toMatchObject({ code: 'cancelled' })
  runOf(engine).end({ how: 'stopped' })
  expect(engine.runs).toHaveLength(1)
  await running.ended
})

test('cancelled while it runs: the engine is told, and the end says what was computed', async () => {
  const engine = createHandEngine()
  const run = createModelQueue({ engine, limit: 8 }).submit(CHAT_WORK, LATER())
  run.cancel()
  expect(runOf(engine).stopped).toBe(true)
  runOf(engine).end({ how: 'stopped' }, { promptTokens: 4, outputTokens: 2, computeMs: 9 })
  expect(await run.ended).toBe('cancelled')
  expect(run.report()).toMatchObject({ promptTokens: 4, outputTokens: 2, computeMs: 9 })
})

test('work that finishes although it was told to stop has finished', async () => {
  const engine = createHandEngine()
  const run = createModelQueue({ engine, limit: 8 }).submit(CHAT_WORK, LATER())
  run.cancel()
  runOf(engine).end({ how: 'finished', output: { kind: 'text', finishReasons: ['length'] } })
  expect(await run.ended).toBe('finished')
})

test('the deadline drops what waits and stops what runs, both with host_timeout', async () => {
  const engine = createHandEngine()
  const queue = createModelQueue({ engine, limit: 8 })
  const running = queue.submit(CHAT_WORK, Date.now() + 1000)
  const waiting = queue.submit(CHAT_WORK, Date.now() + 500)
  vi.advanceTimersByTime(500)
  expect(await waiting.ended).toBe('host_timeout')
  expect(runOf(engine).stopped).toBe(false)
  vi.advanceTimersByTime(500)
  expect(runOf(engine).stopped).toBe(true)
  runOf(engine).end({ how: 'stopped' }, { promptTokens: 1 })
  expect(await running.ended).toBe('host_timeout')
  expect(engine.runs).toHaveLength(1)
})

test('no timer is left behind by a request that ended', () => {
  const engine = createHandEngine()
  createModelQueue({ engine, limit: 8 }).submit(CHAT_WORK, Date.now() + 1e15)
  expect(vi.getTimerCount()).toBe(1)
  runOf(engine).end({ how: 'failed' })
  expect(vi.getTimerCount()).toBe(0)
})

test('a refusal by the engine keeps its code and field; a failure has host_failed', async () => {
  const engine = createHandEngine({}, 2)
  const queue = createModelQueue({ engine, limit: 8 })
  const [refused, failed] = [queue.submit(CHAT_WORK, LATER()), queue.submit(CHAT_WORK, LATER())]
  const refusal = { code: 'context_length_exceeded', message: 'too long', param: 'input[1]' } as const
  runOf(engine, 0).end({ how: 'refused', ...refusal })
  runOf(engine, 1).end({ how: 'failed' }, { promptTokens: 5, outputTokens: 1 })
  await expect(eventsOf(refused)).rejects.toMatchObject(refusal)
  await expect(eventsOf(failed)).rejects.toMatchObject({ code: 'host_failed' })
  expect(failed.report()).toMatchObject({ promptTokens: 5, outputTokens: 1 })
})

test('a lost engine leaves what it had reported', async () => {
  const engine = createHandEngine()
  const run = createModelQueue({ engine, limit: 8 }).submit(CHAT_WORK, LATER())
  runOf(engine).report({ type: 'started', promptTokens: 5 })
  runOf(engine).report({ type: 'token', text: 'a', outputTokens: 1 })
  runOf(engine).end({ how: 'lost' })
  expect(await run.ended).toBe('host_failed')
  expect(run.report()).toMatchObject({ promptTokens: 5, outputTokens: 1 })
})
