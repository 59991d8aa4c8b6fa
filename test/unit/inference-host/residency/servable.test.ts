import { describe, expect, test } from 'vitest'
import { createHandForm, settled } from '../../../fixtures/residency/hand-model.ts'
import { code, finish, refusal, serve, world } from '../../../fixtures/residency/served.ts'

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
    expect(await code(waiting)).toBe('cancelled')
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

describe('busy with a job only', () => {
  async function jobBeside(budget = 100) {
    const { clock, ...memory } = world(budget)
    const forms = ['a', 'b', 'c'].map((id) => createHandForm(id, 60, clock))
    const [a, b, c] = forms.map((form, i) => serve('abc'[i] ?? '', { clock, ...memory, forms: [form] }))
    if (!a || !b || !c) throw new Error('three models')
    const jobs = [a.askJob(), a.askJob(), a.askJob()]
    await clock.pass(1000)
    return { clock, a, b, c, jobs }
  }

  test('it makes room for a request when the input that runs has ended, and goes on after that', async () => {
    const { clock, a, b, jobs } = await jobBeside()
    const wanted = b.ask()
    await clock.pass(1000)
    expect([a.queue.load(), b.resident()]).toEqual([{ waiting: 2, running: 1 }, false])
    finish(a.runs()[0])
    await clock.pass(1000)
    expect([a.resident(), b.resident(), b.queue.load().running]).toEqual([false, true, 1])
    finish(b.runs()[0])
    expect(await code(wanted)).toBe('finished')
    await clock.pass(1000)
    expect([a.resident(), a.queue.load()]).toEqual([true, { waiting: 1, running: 1 }])
    finish(a.runs()[0])
    finish(a.runs()[1])
    expect(await Promise.all(jobs.map(code))).toEqual(['finished', 'finished', 'finished'])
  })

  test('it goes on where whoever wanted the room has gone, also with nothing running meanwhile', async () => {
    const { clock, a, c } = await jobBeside(130)
    c.askJob()
    await clock.pass(1000)
    // Together they would be room enough for this one.
    const large = serve('large', {
      clock,
      room: a.room,
      turnover: a.turnover,
      forms: [createHandForm('large', 120, clock)],
    })
    const wanted = large.ask()
    await settled()
    finish(a.runs()[0])
    expect(a.queue.load()).toEqual({ waiting: 2, running: 0 })
    wanted.cancel()
    await settled()
    expect(a.queue.load()).toEqual({ waiting: 1, running: 1 })
  })

  test('it does not make room for another job', async () => {
    const { clock, a, b } = await jobBeside()
    b.askJob()
    await settled()
    finish(a.runs()[0])
    await clock.pass(1000)
    expect([a.queue.load().running, b.resident()]).toEqual([1, false])
  })

  test('it stays where its going would not help', async () => {
    const { clock, a, b, c } = await jobBeside(130)
    c.ask()
    await clock.pass(1000)
    expect([a.resident(), c.resident()]).toEqual([true, true])
    const large = serve('large', {
      clock,
      room: a.room,
      turnover: a.turnover,
      forms: [createHandForm('large', 120, clock)],
    })
    large.ask()
    await settled()
    finish(a.runs()[0])
    expect(a.queue.load().running).toBe(1)
    expect(b.resident()).toBe(false)
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
