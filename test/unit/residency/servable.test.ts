import { describe, expect, test } from 'vitest'
import type { Fields } from '../../../inference-host/log.ts'
import { createRoom, type Room } from '../../../inference-host/residency/room.ts'
import { createServable } from '../../../inference-host/residency/servable.ts'
import { createTurnover, type Turnover } from '../../../inference-host/residency/turnover.ts'
import { createQueue } from '../../../inference-host/scheduler/queue.ts'
import type { Run } from '../../../inference-host/scheduler/run.ts'
import type { TwohopError } from '../../../shared/errors.ts'
import { CHAT_JOB, type HandRun } from '../host/hand-engine.ts'
import { createHandClock, createHandForm, type HandClock, type HandForm, settled } from './hand-model.ts'

const DONE = { how: 'finished', output: { kind: 'text', finishReasons: ['stop'] } } as const

type Options = { clock: HandClock; room: Room; turnover: Turnover; forms: HandForm[]; limit?: number }

/** A model behind its queue. */
function serve(id: string, { clock, room, turnover, forms, limit = 8 }: Options) {
  const lines: string[] = []
  const { now, after } = clock
  const log = (event: string, fields: Fields = {}) => void lines.push(`${event} ${JSON.stringify(fields)}`)
  const info = {
    id,
    task: 'text-generation',
    device: 'cpu',
    dtype: 'q8',
    context: 64,
    overhead: { request: 0, item: 0 },
  } as const
  const servable = createServable({ id, info, forms, room, turnover, log, now, after })
  const queue = createQueue({ engine: servable.engine, gate: servable.gate, limit, clock: now, now })
  servable.attach(queue)
  return {
    ...servable,
    queue,
    lines,
    ask: (withinMs = 1e6, account = 'a') => queue.submit(CHAT_JOB, now() + withinMs, { account }),
    /** The jobs that reached the engine that was loaded last. */
    runs: () => forms.flatMap(({ engines }) => engines).at(-1)?.runs ?? [],
  }
}

function world(budget = 100) {
  const clock = createHandClock()
  return { clock, room: createRoom({ host: budget, device: 0 }), turnover: createTurnover(clock.now) }
}

function code(run: Run): Promise<string> {
  return run.ended
}

const refusal = (ask: () => unknown): TwohopError | undefined => {
  try {
    ask()
    return undefined
  } catch (error) {
    return error as TwohopError
  }
}

function finish(run: HandRun | undefined): void {
  run?.report({ type: 'started', promptTokens: 1 })
  run?.end(DONE)
}

describe('loaded on demand', () => {
  test('many requests cause one load, wait for it, and run then', async () => {
    const { clock, ...memory } = world()
    const form = createHandForm('m', 10, clock, { slots: 4 })
    const model = serve('m', { clock, ...memory, forms: [form] })
    const runs = [model.ask(), model.ask(), model.ask()]
    await clock.pass(999)
    expect([form.loads, model.queue.load(), model.resident()]).toEqual([1, { waiting: 3, running: 0 }, false])
    await clock.pass(1)
    expect([form.loads, model.queue.load()]).toEqual([1, { waiting: 0, running: 3 }])
    for (const run of model.runs()) finish(run)
    expect(await Promise.all(runs.map(code))).toEqual(['finished', 'finished', 'finished'])
    expect(runs[0]?.report().queueMs).toBe(1000)
  })

  test('the bounds of the queue and the deadlines hold meanwhile', async () => {
    const { clock, ...memory } = world()
    const model = serve('m', {
      clock,
      ...memory,
      forms: [createHandForm('m', 10, clock, { loadMs: 5000 })],
      limit: 1,
    })
    model.ask()
    expect(refusal(() => model.ask(1e6, 'b'))).toMatchObject({ code: 'host_busy' })
    expect(model.queue.full()).toBe(true)
    expect(refusal(() => model.ask(0))).toMatchObject({ code: 'host_timeout' })
  })

  test('a load that nobody waits for any more gives up its place in line', async () => {
    const { clock, ...memory } = world()
    const busy = serve('busy', { clock, ...memory, forms: [createHandForm('busy', 60, clock)] })
    const other = createHandForm('other', 60, clock)
    const model = serve('other', { clock, ...memory, forms: [other] })
    busy.ask()
    await clock.pass(1000)
    const waiting = model.ask()
    await settled()
    waiting.cancel()
    expect(await code(waiting)).toBe('host_failed')
    finish(busy.runs()[0])
    await clock.pass(60_000)
    expect([other.loads, busy.resident()]).toEqual([0, true])
    // And the next one is not forgotten.
    model.ask()
    await clock.pass(1000)
    expect([other.loads, busy.resident(), model.resident()]).toEqual([1, false, true])
  })
})

describe('evicted', () => {
  async function twoOfOneSize() {
    const { clock, ...memory } = world()
    const forms = [createHandForm('a', 60, clock), createHandForm('b', 60, clock)] as const
    const [a, b] = [
      serve('a', { clock, ...memory, forms: [forms[0]] }),
      serve('b', { clock, ...memory, forms: [forms[1]] }),
    ]
    a.ask()
    await clock.pass(1000)
    return { clock, a, b, forms }
  }

  test('never while it runs something or something waits for it; then its engine is closed', async () => {
    const { clock, a, b, forms } = await twoOfOneSize()
    a.ask()
    const wanted = b.ask()
    await clock.pass(100_000)
    expect([a.resident(), forms[1].loads]).toEqual([true, 0])
    finish(a.runs()[0])
    await clock.pass(100_000)
    expect([a.resident(), forms[1].loads, a.queue.load().running]).toEqual([true, 0, 1])
    finish(a.runs()[1])
    await clock.pass(1000)
    expect([a.resident(), b.resident(), forms[0].engines[0]?.closed]).toEqual([false, true, true])
    finish(b.runs()[0])
    expect(await code(wanted)).toBe('finished')
    expect(a.lines.at(-1)).toMatch(/^evicted .*"model":"a"/)
  })

  test('asked for by turns all the time, models load for a fifth of the time at most, but for a minute in advance', async () => {
    const { clock, a, b, forms } = await twoOfOneSize()
    finish(a.runs()[0])
    const began = clock.now()
    for (let i = 0; i < 2000; i++) {
      for (const model of [a, b]) {
        if (model.queue.load().running > 0) finish(model.runs().at(-1))
        if (model.queue.load().waiting === 0) model.ask()
      }
      await clock.pass(500)
    }
    const loadingMs = (forms[0].loads + forms[1].loads - 1) * 1000
    expect(loadingMs).toBeGreaterThan(60_000)
    expect(loadingMs).toBeLessThanOrEqual((clock.now() - began) / 5 + 60_000 + 1000)
  })

  test('one that is asked for while it leaves comes back, after the one that it left for', async () => {
    const { clock, a, b, forms } = await twoOfOneSize()
    finish(a.runs()[0])
    await clock.pass(4000)
    const closing = Promise.withResolvers<void>()
    const [engine] = forms[0].engines
    if (engine) engine.close = () => closing.promise
    b.ask()
    await settled()
    a.ask()
    closing.resolve()
    await clock.pass(1000)
    expect([b.resident(), a.resident()]).toEqual([true, false])
    finish(b.runs()[0])
    await clock.pass(10_000)
    expect([b.resident(), a.resident()]).toEqual([false, true])
  })

  test('what it took when it was loaded counts when it is loaded again', async () => {
    const { clock, ...memory } = world()
    const [large, small] = [createHandForm('large', 10, clock), createHandForm('small', 30, clock)]
    const [a, b] = [
      serve('large', { clock, ...memory, forms: [large] }),
      serve('small', { clock, ...memory, forms: [small] }),
    ]
    large.bytesNow = 80
    a.ask()
    await clock.pass(1000)
    finish(a.runs()[0])
    b.ask()
    await clock.pass(5000)
    expect([a.resident(), b.resident()]).toEqual([false, true])
    a.ask()
    await settled()
    expect(large.loads).toBe(1)
  })
})

describe('a load that fails', () => {
  test('is tried again with backoff while the requests wait', async () => {
    const { clock, ...memory } = world()
    const form = createHandForm('m', 10, clock)
    form.failing = 2
    const model = serve('m', { clock, ...memory, forms: [form] })
    const run = model.ask()
    await clock.pass(1000)
    expect(form.loads).toBe(1)
    await clock.pass(999)
    expect(form.loads).toBe(1)
    await clock.pass(1)
    expect(form.loads).toBe(2)
    await clock.pass(1000 + 2000 + 1000)
    expect([form.loads, model.resident()]).toEqual([3, true])
    finish(model.runs()[0])
    expect(await code(run)).toBe('finished')
  })

  test('three times is answered with a stable code, and so are the next requests, until it is tried again', async () => {
    const { clock, ...memory } = world()
    const form = createHandForm('m', 10, clock)
    form.failing = 5
    const model = serve('m', { clock, ...memory, forms: [form] })
    const run = model.ask()
    await clock.pass(60_000 - 40_000)
    expect([await code(run), form.loads, memory.room.used().host]).toEqual(['host_not_ready', 3, 0])
    const refused = refusal(() => model.ask())
    expect(refused).toMatchObject({ code: 'host_not_ready' })
    expect(refused?.message).not.toContain('no such file')
    expect(refused?.retryAfterMs).toBeGreaterThan(0)
    expect(refused?.retryAfterMs).toBeLessThanOrEqual(15_000)
    await clock.pass(refused?.retryAfterMs ?? 0)
    const again = model.ask()
    await clock.pass(20_000)
    expect([form.loads, model.resident()]).toEqual([6, true])
    finish(model.runs()[0])
    expect(await code(again)).toBe('finished')
    // What was never served is no trouble of the host's.
    expect(model.trouble()).toBeUndefined()
  })

  test('at the start it is told at once, with its reason', async () => {
    const { clock, ...memory } = world()
    const form = createHandForm('m', 10, clock)
    form.failing = 1
    const model = serve('m', { clock, ...memory, forms: [form] })
    const starting = expect(model.start()).rejects.toThrow('no such file')
    await clock.pass(1000)
    await starting
    expect(form.loads).toBe(1)
  })
})

describe('a device that is lost', () => {
  async function running(
    forms: (clock: HandClock) => HandForm[] = (clock) => [createHandForm('m', 10, clock, { slots: 2 })],
  ) {
    const { clock, ...memory } = world()
    const own = forms(clock)
    const model = serve('m', { clock, ...memory, forms: own })
    const started = model.start()
    await clock.pass(1000)
    await started
    return { clock, model, forms: own, engine: () => own.flatMap(({ engines }) => engines).at(-1) }
  }

  test('ends what had begun with what was computed, and runs again what had not, and what waited', async () => {
    const { clock, model, forms, engine } = await running()
    const [begun, given, waiting] = [model.ask(), model.ask(1e6, 'b'), model.ask(1e6, 'c')]
    model.runs()[0]?.report({ type: 'started', promptTokens: 5 })
    model.runs()[0]?.report({ type: 'token', text: 'x', outputTokens: 3 })
    expect(model.queue.load()).toEqual({ waiting: 1, running: 2 })
    engine()?.die('the driver is gone')
    expect(await code(begun)).toBe('host_failed')
    expect(begun.report()).toMatchObject({ promptTokens: 5, outputTokens: 3 })
    expect(model.queue.load()).toEqual({ waiting: 2, running: 0 })
    await settled()
    expect(model.trouble()).toBe('cpu was lost: the driver is gone')
    await clock.pass(1000)
    expect([forms[0]?.loads, model.trouble(), model.queue.load()]).toEqual([
      2,
      undefined,
      { waiting: 0, running: 2 },
    ])
    for (const run of model.runs()) finish(run)
    expect([await code(given), await code(waiting)]).toEqual(['finished', 'finished'])
  })

  test('a request is run again once at most', async () => {
    const { clock, model, engine } = await running()
    const run = model.ask()
    engine()?.die('gone')
    await clock.pass(1000)
    expect(model.queue.load()).toEqual({ waiting: 0, running: 1 })
    engine()?.die('gone again')
    expect(await code(run)).toBe('host_failed')
  })

  test('one that was cancelled is not run again', async () => {
    const { clock, model, engine } = await running()
    const run = model.ask()
    run.cancel()
    engine()?.die('gone')
    expect(await code(run)).toBe('host_failed')
    await clock.pass(1000)
    expect(model.runs()).toHaveLength(0)
  })

  test('is loaded again on the same device, then on the CPU, where that is configured', async () => {
    const { clock, model, forms, engine } = await running((at) => [
      createHandForm('m', 10, at, { device: 'webgpu' }),
      createHandForm('m', 10, at, { slots: 3 }),
    ])
    const [gpu, cpu] = forms
    if (gpu) gpu.failing = 100
    const run = model.ask()
    engine()?.die('out of memory')
    await clock.pass(1000 + 1000 + 1000 + 2000 + 1000)
    expect([gpu?.loads, cpu?.loads]).toEqual([4, 1])
    await clock.pass(1000)
    expect([model.engine.info.device, model.engine.slots, model.trouble()]).toEqual(['cpu', 3, undefined])
    finish(model.runs()[0])
    expect(await code(run)).toBe('finished')
  })

  test('without a fallback the host says why, tells who waits, and goes on trying', async () => {
    const { clock, model, forms, engine } = await running()
    const [form] = forms
    if (form) form.failing = 3
    const run = model.ask()
    engine()?.die('the driver is gone')
    await clock.pass(6000)
    expect([await code(run), model.trouble()]).toEqual(['host_not_ready', 'no such file'])
    await clock.pass(15_000 + 1000)
    expect([model.resident(), model.trouble()]).toEqual([true, undefined])
  })

  test('one that loads but dies at each use is left alone for longer and longer', async () => {
    const { clock, model, forms, engine } = await running()
    const deaths: number[] = []
    for (let i = 0; i < 6; i++) {
      while (!model.resident()) await clock.pass(100)
      deaths.push(clock.now())
      engine()?.die('crash')
      await settled()
    }
    const gaps = deaths.slice(1).map((at, i) => at - (deaths[i] ?? 0))
    expect(gaps.map((gap) => Math.round(gap / 1000))).toEqual([1, 2, 16, 31, 61])
    expect(forms[0]?.loads).toBe(6)
  })

  test('with its process still there is found out by a request that fails, and by a small one after it', async () => {
    const { clock, model, forms, engine } = await running()
    const [form] = forms
    const [first, engineBefore] = [model.ask(), engine()]
    engineBefore?.runs[0]?.end({ how: 'failed' })
    expect(await code(first)).toBe('host_failed')
    await clock.pass(5000)
    expect([form?.loads, engineBefore?.closed]).toEqual([1, false])

    if (form) form.healthy = false
    model.ask()
    engineBefore?.runs[1]?.end({ how: 'failed' })
    await settled()
    expect([engineBefore?.closed, model.trouble()]).toEqual([true, 'cpu was lost: device is lost'])
    if (form) form.healthy = true
    await clock.pass(1000)
    expect([form?.loads, model.resident(), model.trouble()]).toEqual([2, true, undefined])
  })

  test('closed while it waits to be loaded again, it stays away', async () => {
    const { clock, model, forms, engine } = await running()
    if (forms[0]) forms[0].failing = 1
    engine()?.die('gone')
    await clock.pass(1500)
    await model.close()
    await clock.pass(100_000)
    expect([forms[0]?.loads, model.resident()]).toEqual([2, false])
  })
})
