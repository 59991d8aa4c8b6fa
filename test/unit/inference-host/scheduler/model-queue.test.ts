import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { SchedulerEvent } from '../../../../inference-host/metrics/scheduler-events.ts'
import { createModelQueue } from '../../../../inference-host/scheduler/model-queue.ts'
import type { Asker } from '../../../../inference-host/scheduler/ticket.ts'
import { CHAT_WORK, createHandEngine, type HandEngine, runOf } from '../../../fixtures/hand-engine.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

const FINISHED = { how: 'finished', output: { kind: 'text', finishReasons: ['stop'] } } as const
const FAR = 1e12

type Options = Partial<Omit<Parameters<typeof createModelQueue>[0], 'engine'>> & { slots?: number }

/** A queue on a set clock, before an engine that the test drives; what `send` gives says whether it has a slot. */
function setUp({ slots = 1, ...options }: Options = {}) {
  const clock = { ms: 0 }
  const engine = createHandEngine({}, slots)
  const events: SchedulerEvent[] = []
  const queue = createModelQueue({
    engine,
    limit: 100,
    clock: () => clock.ms,
    now: () => clock.ms,
    observe: (event) => events.push(event),
    ...options,
  })
  const send = (account: string, asker: Asker = {}, deadline = FAR) => {
    const work = { ...CHAT_WORK }
    const run = queue.submit(work, deadline, { account, ...asker })
    return { run, started: () => engine.runs.some((one) => one.work === work) }
  }
  return { clock, engine, events, queue, send }
}

const token = (engine: HandEngine, index: number) =>
  runOf(engine, index).report({ type: 'token', text: 'x', outputTokens: 1 })

describe('who gets a slot', () => {
  test('the account that sends one request is next after the running one, whoever came before', () => {
    const { engine, send } = setUp()
    const loaded = Array.from({ length: 64 }, () => send('loaded'))
    const other = send('other')
    runOf(engine).end(FINISHED)
    expect(other.started()).toBe(true)
    expect(loaded.filter(({ started }) => started())).toHaveLength(1)
  })

  test('a refused request has used its turn: another account is next, each time', () => {
    const { engine, send } = setUp()
    const refused = {
      how: 'refused',
      code: 'context_length_exceeded',
      message: '',
      param: undefined,
    } as const
    const floods = Array.from({ length: 8 }, () => send('floods'))
    for (let round = 0; round < 3; round++) {
      const other = send('waits')
      runOf(engine, 2 * round).end(refused)
      expect(other.started()).toBe(true)
      runOf(engine, 2 * round + 1).end(FINISHED)
      expect(floods.filter(({ started }) => started())).toHaveLength(round + 2)
    }
  })

  test('weights: of twelve served, nine are of the account that weighs three times the other', () => {
    const { engine, send } = setUp()
    const heavy = Array.from({ length: 12 }, () => send('heavy', { weight: 3 }))
    const light = Array.from({ length: 12 }, () => send('light'))
    for (let i = 0; i < 11; i++) runOf(engine, i).end(FINISHED)
    expect(heavy.filter(({ started }) => started())).toHaveLength(9)
    expect(light.filter(({ started }) => started())).toHaveLength(3)
  })

  test('interactive requests go before jobs that came earlier', () => {
    const { engine, send } = setUp()
    send('a')
    const job = send('b', { priority: 'job' })
    const interactive = [send('a'), send('a')]
    for (let i = 0; i < 2; i++) {
      runOf(engine, i).end(FINISHED)
      expect(interactive[i]?.started()).toBe(true)
      expect(job.started()).toBe(false)
    }
    runOf(engine, 2).end(FINISHED)
    expect(job.started()).toBe(true)
  })

  test('what was served before all was quiet counts no more', () => {
    const { engine, send } = setUp()
    send('a', { weight: 0.01 })
    runOf(engine).end(FINISHED)
    send('x')
    const [a, b] = [send('a'), send('b')]
    runOf(engine, 1).end(FINISHED)
    expect([a.started(), b.started()]).toEqual([true, false])
  })

  test('work without tokens is taken in too', () => {
    const { engine, queue } = setUp()
    queue.submit({ ...CHAT_WORK, limits: { promptTokens: 0, outputTokens: 0 } }, FAR)
    expect(engine.runs).toHaveLength(1)
  })

  test('a spare slot stays free for interactive requests of accounts that hold none', () => {
    const { engine, send, queue } = setUp({ slots: 4, spareSlots: 1 })
    for (let i = 0; i < 10; i++) send('loaded')
    send('worker', { priority: 'job' })
    expect(engine.runs).toHaveLength(3)
    const other = send('other')
    expect(other.started()).toBe(true)
    runOf(engine, 0).end(FINISHED)
    // The slot that came free is the spare one again.
    expect(queue.load()).toEqual({ waiting: 8, running: 3 })
    expect(send('third').started()).toBe(true)
    expect(send('fourth').started()).toBe(false)
    expect(queue.load()).toEqual({ waiting: 9, running: 4 })
  })

  test('of an engine with one slot, none can be spared', () => {
    const { engine, send } = setUp({ slots: 1, spareSlots: 1 })
    send('a', { priority: 'job' })
    expect(engine.runs).toHaveLength(1)
  })

  test('an account that holds a slot gets the next once the one before has its first token', () => {
    const { engine, send } = setUp({ slots: 8, prefills: 1 })
    for (let i = 0; i < 5; i++) send('loaded')
    expect(engine.runs).toHaveLength(1)
    expect(send('other').started()).toBe(true)
    expect(engine.runs).toHaveLength(2)
    token(engine, 0)
    expect(engine.runs).toHaveLength(2)
    token(engine, 1)
    expect(engine.runs).toHaveLength(3)
    token(engine, 1)
    expect(engine.runs).toHaveLength(3)
    runOf(engine, 2).end({ how: 'failed' })
    expect(engine.runs).toHaveLength(4)
  })
})

describe('bounds', () => {
  test('an account over its share gets too_many_concurrent, others come in; full is host_busy', () => {
    const { events, queue, send } = setUp({ limit: 4, accountLimit: 2 })
    send('first')
    for (let i = 0; i < 2; i++) send('loaded')
    expect(() => send('loaded')).toThrow(expect.objectContaining({ code: 'too_many_concurrent' }))
    expect(() => send('loaded', { priority: 'job' })).toThrow(
      expect.objectContaining({ code: 'too_many_concurrent' }),
    )
    for (let i = 0; i < 2; i++) send('other')
    expect(() => send('third')).toThrow(expect.objectContaining({ code: 'host_busy' }))
    expect(queue.full()).toBe(true)
    expect(queue.load()).toEqual({ waiting: 4, running: 1 })
    expect(events.filter(({ type }) => type === 'refused')).toEqual([
      { type: 'refused', code: 'too_many_concurrent' },
      { type: 'refused', code: 'too_many_concurrent' },
      { type: 'refused', code: 'host_busy' },
    ])
  })

  test('what waits of jobs takes no place in the queue from requests, but requests do from jobs', () => {
    const { queue, send } = setUp({ limit: 2, accountLimit: 1 })
    send('running')
    send('mine', { priority: 'job' })
    send('other', { priority: 'job' })
    const mine = send('mine')
    expect(queue.full()).toBe(false)
    send('third')
    expect(queue.full()).toBe(true)
    expect(queue.load().waiting).toBe(4)
    mine.run.cancel()
    expect(() => send('fourth', { priority: 'job' })).toThrow(expect.objectContaining({ code: 'host_busy' }))
  })

  test('a full queue still takes in whoever can start at once', () => {
    const { send } = setUp({ slots: 2, spareSlots: 1, limit: 1 })
    send('loaded')
    send('loaded')
    expect(() => send('loaded')).toThrow(expect.objectContaining({ code: 'host_busy' }))
    expect(send('other').started()).toBe(true)
  })

  test('check throws what submit would throw, and takes nothing in', () => {
    const { queue, send } = setUp({ accountLimit: 1 })
    send('a')
    queue.check(CHAT_WORK, FAR, { account: 'a' })
    queue.check(CHAT_WORK, FAR, { account: 'a' })
    expect(queue.load()).toEqual({ waiting: 0, running: 1 })
    send('a')
    expect(() => queue.check(CHAT_WORK, FAR, { account: 'a' })).toThrow(
      expect.objectContaining({ code: 'too_many_concurrent' }),
    )
  })

  test('cancelling what waits gives the account its place back', () => {
    const { queue, send } = setUp({ accountLimit: 1 })
    send('a')
    send('a').run.cancel()
    expect(queue.load()).toEqual({ waiting: 0, running: 1 })
    send('a')
  })
})

describe('deadlines', () => {
  /** Ten requests of 100 ms: 20 ms to the first of eight tokens, and the end 80 ms later. */
  function learnt() {
    const world = setUp()
    const { clock, engine, send } = world
    for (let i = 0; i < 10; i++) {
      send('teacher')
      const run = runOf(engine, i)
      clock.ms += 20
      run.report({ type: 'token', text: 'x', outputTokens: 1 })
      clock.ms += 80
      run.report({ type: 'token', text: 'x', outputTokens: 2 })
      run.end(FINISHED, { promptTokens: 4, outputTokens: 8 })
    }
    return { ...world, at: clock.ms }
  }
  const code = (expected: string) => expect.objectContaining({ code: expected })

  test('what cannot be done in time even with a slot at once is refused with host_timeout', () => {
    const { send, at } = learnt()
    // 20 ms to the first token and seven more at 80 ms each.
    expect(() => send('a', {}, at + 579)).toThrow(code('host_timeout'))
    expect(send('a', {}, at + 580).started()).toBe(true)
  })

  test('what would be too late behind its own account is refused with host_busy and Retry-After', () => {
    const { send, at } = learnt()
    for (let i = 0; i < 5; i++) send('a')
    expect(() => send('a', {}, at + 979)).toThrow(
      expect.objectContaining({ code: 'host_busy', retryAfterMs: 500 }),
    )
    send('a', {}, at + 980)
    // Another account's request does not wait for those.
    send('b', {}, at + 580)
  })

  test('requests that failed or were stopped teach nothing', () => {
    const { clock, engine, send } = setUp()
    for (let i = 0; i < 10; i++) {
      send('teacher')
      clock.ms += 1000
      runOf(engine, i).end({ how: 'failed' }, { promptTokens: 4, outputTokens: 8 })
    }
    expect(send('a', {}, clock.ms + 1).started()).toBe(true)
  })

  test('an old pace refuses nobody', () => {
    const { clock, send, at } = learnt()
    clock.ms = at + 10_001
    expect(send('a', {}, clock.ms + 1).started()).toBe(true)
  })

  test('a deadline that has passed is refused, with nothing known', () => {
    const { clock, queue, send } = setUp()
    clock.ms = 1000
    expect(() => send('a', {}, 1000)).toThrow(code('host_timeout'))
    expect(queue.load()).toEqual({ waiting: 0, running: 0 })
    expect(vi.getTimerCount()).toBe(0)
  })

  test('expired ones are dropped when a slot is free, even before their timers fire, and cost nobody a turn', async () => {
    const { clock, engine, queue, send } = setUp({ limit: 20_000 })
    send('a')
    const expired = Array.from({ length: 5_000 }, (_, i) => send(`account-${i}`, {}, 500))
    const good = send('last')
    clock.ms = 500
    runOf(engine).end(FINISHED)
    expect(good.started()).toBe(true)
    expect(engine.runs).toHaveLength(2)
    expect(queue.load()).toEqual({ waiting: 0, running: 1 })
    expect(await Promise.all(expired.map(({ run }) => run.ended))).toEqual(
      new Array(5_000).fill('host_timeout'),
    )
    expect(vi.getTimerCount()).toBe(1)
  })
})

describe('what is observed', () => {
  test('each step of a request, in milliseconds, and its report with what came from the prefix cache', async () => {
    const { clock, engine, events, send } = setUp()
    send('a')
    const { run } = send('b')
    clock.ms = 10
    runOf(engine).end({ how: 'failed' }, { promptTokens: 2 })
    events.length = 0
    const second = runOf(engine, 1)
    second.report({ type: 'started', promptTokens: 40, cachedPromptTokens: 32 })
    for (const ms of [30, 35, 45]) {
      clock.ms = ms
      second.report({ type: 'token', text: 'x', outputTokens: 1 })
    }
    clock.ms = 50
    const ended = { promptTokens: 40, outputTokens: 4, computeMs: 21 }
    second.report({ type: 'ended', end: FINISHED, ...ended })
    const report = { ...ended, cachedPromptTokens: 32, queueMs: 10, firstTokenMs: 30 }
    expect(run.report()).toEqual(report)
    expect(events).toEqual([
      { type: 'first_token', sinceSubmitMs: 30 },
      { type: 'token', gapMs: 5 },
      { type: 'token', gapMs: 10 },
      { type: 'ended', code: 'finished', tookMs: 50, perTokenMs: 7.5, report },
    ])
  })

  test('a request that never got a slot has no queue time, and ends with its code', () => {
    const { clock, events, send } = setUp()
    send('a')
    const { run } = send('b')
    clock.ms = 3
    run.cancel()
    expect(events).toEqual([
      { type: 'begun', queueMs: 0 },
      {
        type: 'ended',
        code: 'cancelled',
        tookMs: 3,
        perTokenMs: undefined,
        report: { promptTokens: 0, outputTokens: 0, queueMs: 3, computeMs: 0 },
      },
    ])
  })
})

test('an engine that throws fails that request alone', async () => {
  const { engine, queue, send } = setUp()
  const { run } = engine
  engine.run = () => {
    throw new Error('cannot be cloned')
  }
  expect(await send('a').run.ended).toBe('host_failed')
  engine.run = run
  expect(send('a').started()).toBe(true)
  expect(queue.load()).toEqual({ waiting: 0, running: 1 })
})

test('interrupting all starts none of those that wait', async () => {
  const { TwohopError } = await import('../../../../shared/errors.ts')
  const { engine, queue, send } = setUp({ slots: 2, spareSlots: 1, prefills: 1 })
  const all = [...Array.from({ length: 5 }, () => send('a')), send('b', { priority: 'job' })]
  queue.interruptAll(new TwohopError('host_unavailable', 'The host is stopping.'))
  expect(engine.runs).toHaveLength(1)
  runOf(engine).end({ how: 'stopped' })
  expect(await Promise.all(all.map(({ run }) => run.ended))).toEqual(new Array(6).fill('host_unavailable'))
  await queue.idle()
})
