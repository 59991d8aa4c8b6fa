import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createModelQueue, type Prepare } from '../../../../inference-host/scheduler/model-queue.ts'
import type { Asker } from '../../../../inference-host/scheduler/ticket.ts'
import type { Compiled } from '../../../../inference-host/work/compiled.ts'
import type { Preparing } from '../../../../inference-host/work/preparing.ts'
import { TwohopError } from '../../../../shared/errors.ts'
import { CHAT_WORK, createHandEngine, runOf } from '../../../fixtures/hand-engine.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

const DONE = { how: 'finished', output: { kind: 'text', finishReasons: ['stop'] } } as const
const STRUCTURE: Compiled = { id: 'a', program: new Uint8Array([1]) }
const FAR = 1e12

/** A queue on a set clock, with structures that are prepared by hand. */
function setUp({ slots = 1, ...options }: { slots?: number; limit?: number; accountLimit?: number } = {}) {
  const clock = { ms: 0 }
  const engine = createHandEngine({}, slots)
  const queue = createModelQueue({
    engine,
    limit: 100,
    clock: () => clock.ms,
    now: () => clock.ms,
    ...options,
  })
  const prepared: { asker: Parameters<Prepare>[0]; computeMs: number; stopped: boolean }[] = []
  function send(asker: Asker = {}, deadline = FAR) {
    const { promise, resolve } = Promise.withResolvers<Awaited<Preparing<Compiled>['outcome']>>()
    const state = { asker: {} as Parameters<Prepare>[0], computeMs: 0, stopped: false }
    const prepare: Prepare = (given) => {
      prepared.push(Object.assign(state, { asker: given }))
      return {
        outcome: promise,
        computeMs: () => state.computeMs,
        stop() {
          state.stopped = true
        },
      }
    }
    const run = queue.submit(CHAT_WORK, deadline, asker, prepare)
    async function settle(outcome: Parameters<typeof resolve>[0]) {
      resolve(outcome)
      await promise
      await Promise.resolve()
    }
    return { run, state, settle }
  }
  return { clock, engine, queue, send, prepared }
}

describe('work that lacks its structure', () => {
  test('begins once that is there, and has it', async () => {
    const { engine, send, prepared } = setUp()
    const { settle } = send({ account: 'ada', weight: 3, priority: 'job' })
    expect(prepared[0]?.asker).toMatchObject({ account: 'ada', weight: 3, priority: 'job' })
    expect(engine.runs).toHaveLength(0)
    await settle({ value: STRUCTURE })
    expect(runOf(engine).work).toEqual({ ...CHAT_WORK, structure: STRUCTURE })
  })

  test('keeps no slot from other work while it waits for it', async () => {
    const { engine, queue, send } = setUp()
    const { settle } = send()
    queue.submit(CHAT_WORK, FAR)
    expect(runOf(engine).work).toBe(CHAT_WORK)
    await settle({ value: STRUCTURE })
    expect(engine.runs).toHaveLength(1)
    runOf(engine).end(DONE)
    expect(engine.runs).toHaveLength(2)
  })

  test('has computed what its structure took, beside its own time; it has waited for the rest', async () => {
    const { clock, engine, send } = setUp()
    const { run, state, settle } = send()
    clock.ms = 50
    state.computeMs = 30
    expect(run.report()).toMatchObject({ queueMs: 20, computeMs: 30 })
    await settle({ value: STRUCTURE })
    clock.ms = 70
    expect(run.report()).toMatchObject({ queueMs: 20, computeMs: 50 })
    runOf(engine).end(DONE, { promptTokens: 2, outputTokens: 3, computeMs: 15 })
    expect(await run.ended).toBe('finished')
    expect(run.report()).toEqual({ promptTokens: 2, outputTokens: 3, queueMs: 20, computeMs: 45 })
  })

  test('ends with the refusal of its structure, and has computed what that took', async () => {
    const { clock, engine, queue, send } = setUp()
    const { run, state, settle } = send()
    clock.ms = 2400
    state.computeMs = 2100
    await settle({ error: new TwohopError('invalid_request', 'too long') })
    expect(await run.ended).toBe('invalid_request')
    expect(run.report()).toEqual({ promptTokens: 0, outputTokens: 0, queueMs: 300, computeMs: 2100 })
    expect(engine.runs).toHaveLength(0)
    await queue.idle()
  })
})

describe('whoever leaves before its structure is there', () => {
  test.each([
    ['cancelled', 'cancelled', (run: { cancel(): void }) => run.cancel()],
    ['at its deadline', 'host_timeout', () => void vi.advanceTimersByTime(1000)],
  ])('%s: it needs it no more, and pays for what it took until then', async (_, code, leave) => {
    const { clock, engine, queue, send } = setUp()
    const { run, state, settle } = send({}, 1000)
    clock.ms = 400
    state.computeMs = 400
    leave(run)
    expect(await run.ended).toBe(code)
    expect(state.stopped).toBe(true)
    expect(run.report()).toMatchObject({ queueMs: 0, computeMs: 400 })
    state.computeMs = 500
    await settle({ value: STRUCTURE })
    expect(engine.runs).toHaveLength(0)
    expect(run.report()).toMatchObject({ computeMs: 400 })
    await queue.idle()
  })
})

describe('what waits for its structure has a place in the queue', () => {
  test('so one account has no more such than may wait, though slots are free', () => {
    const { queue, send } = setUp({ slots: 8, accountLimit: 3 })
    for (let i = 0; i < 3; i++) send({ account: 'mallory' })
    expect(() => send({ account: 'mallory' })).toThrow(
      expect.objectContaining({ code: 'too_many_concurrent' }),
    )
    send({ account: 'bystander' })
    queue.submit(CHAT_WORK, FAR, { account: 'mallory' })
    expect(queue.load()).toEqual({ waiting: 4, running: 1 })
  })

  test('nor have all together', () => {
    const { send } = setUp({ slots: 8, limit: 3 })
    for (let i = 0; i < 3; i++) send({ account: `a${i}` })
    expect(() => send({ account: 'b' })).toThrow(expect.objectContaining({ code: 'host_busy' }))
  })

  test('and the host waits for it before it stops', async () => {
    const { engine, queue, send } = setUp()
    const { settle } = send()
    let idle = false
    void queue.idle().then(() => {
      idle = true
    })
    await Promise.resolve()
    expect(idle).toBe(false)
    queue.interruptAll(new TwohopError('host_unavailable', 'The host is stopping.'))
    await settle({ value: STRUCTURE })
    expect([idle, engine.runs.length]).toEqual([true, 0])
  })
})
