import { LOST } from '../../../inference-host/model-process/reports.ts'
import type { Form, Loaded } from '../../../inference-host/residency/port.ts'
import type { Engine, EngineEvent } from '../../../inference-host/work/engine.ts'
import { createHandEngine, type HandEngine } from '../host/hand-engine.ts'

/** A clock that a test moves, and the timers on it. */
export type HandClock = {
  now(): number
  after(ms: number, then: () => void): () => void
  /** Lets time pass, timer by timer, with everything that each of them brings about. */
  pass(ms: number): Promise<void>
}

export const settled = () => new Promise((resolve) => setImmediate(resolve))

export function createHandClock(): HandClock {
  let at = 0
  const timers = new Set<{ at: number; then: () => void }>()
  return {
    now: () => at,
    after(ms, then) {
      const timer = { at: at + ms, then }
      timers.add(timer)
      return () => void timers.delete(timer)
    },
    async pass(ms) {
      const end = at + ms
      await settled()
      for (;;) {
        const [next] = [...timers].filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)
        if (next === undefined) break
        timers.delete(next)
        at = next.at
        next.then()
        await settled()
      }
      at = end
    },
  }
}

/** An engine that computes nothing and can die. */
export type MortalEngine = HandEngine & { die(why: string): void; closed: boolean }

export function createMortalEngine(id: string, device: 'cpu' | 'webgpu' = 'cpu', slots = 1): MortalEngine {
  const died = Promise.withResolvers<string>()
  const hand = createHandEngine({ id, device }, slots)
  const under = new Set<(event: EngineEvent) => void>()
  const engine: MortalEngine = {
    ...hand,
    closed: false,
    died: died.promise,
    run(job, report) {
      const heard = (event: EngineEvent) => {
        if (event.type === 'ended') under.delete(heard)
        report(event)
      }
      under.add(heard)
      return hand.run(job, heard)
    },
    die(why) {
      for (const report of [...under]) report(LOST)
      died.resolve(why)
    },
    async close() {
      engine.closed = true
    },
  }
  return engine
}

/** A form whose loads take a second of the clock and then do what `next` says: by default they work. */
export type HandForm = Form & {
  loads: number
  engines: MortalEngine[]
  /** So many loads from now on fail. */
  failing: number
  bytesNow: number
  /** Whether a small request works. */
  healthy: boolean
}

export function createHandForm(
  id: string,
  mb: number,
  clock: HandClock,
  {
    device = 'cpu',
    slots = 1,
    loadMs = 1000,
  }: { device?: 'cpu' | 'webgpu'; slots?: number; loadMs?: number } = {},
): HandForm {
  const form: HandForm = {
    device,
    need: { host: mb, device: 0 },
    loads: 0,
    engines: [],
    failing: 0,
    bytesNow: mb,
    healthy: true,
    async load(): Promise<Loaded> {
      form.loads++
      await new Promise<void>((resolve) => clock.after(loadMs, resolve))
      if (form.failing-- > 0) throw new Error('no such file')
      const engine = createMortalEngine(id, device, slots)
      form.engines.push(engine)
      return {
        engine: engine as Engine,
        bytes: () => ({ host: form.bytesNow, device: 0 }),
        rss: () => form.bytesNow,
        async check() {
          if (!form.healthy) throw new Error('device is lost')
        },
      }
    },
  }
  return form
}
