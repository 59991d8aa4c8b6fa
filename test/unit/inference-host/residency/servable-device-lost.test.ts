import { describe, expect, test } from 'vitest'
import {
  createHandForm,
  type HandClock,
  type HandForm,
  settled,
} from '../../../fixtures/residency/hand-model.ts'
import { code, finish, serve, world } from '../../../fixtures/residency/served.ts'

describe('a device that is lost', () => {
  async function running(
    forms: (clock: HandClock) => [HandForm, ...HandForm[]] = (clock) => [
      createHandForm('m', 10, clock, { slots: 2 }),
    ],
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
