import { TwohopError } from '../../shared/errors.ts'
import { reasonOf } from '../device/reason.ts'
import type { ResidencyEvent } from '../metrics/residency-events.ts'
import { LOST } from '../model-process/reports.ts'
import type { Log } from '../platform/log.ts'
import type { ModelInfo } from '../work/engine.ts'
import { ATTEMPTS, coolDownMs, QUIET_MS, retryMs } from './backoff.ts'
import { type Bytes, mebibytes } from './bytes.ts'
import type { Form, Front, Loaded, Servable } from './port.ts'
import type { Guest, Room } from './room.ts'
import type { Turnover } from './turnover.ts'

type Options = {
  id: string
  /** What clients may know of it, where that is asked for before it is loaded. */
  info?: ModelInfo
  /** The ways to load it, in the order in which they are tried. */
  forms: readonly Form[]
  room: Room
  turnover: Turnover
  observe?: (event: ResidencyEvent) => void
  log: Log
  /** Milliseconds on a steady clock. */
  now?: () => number
  /** Calls `then` after so many milliseconds, unless what it returns is called before. */
  after?: (ms: number, then: () => void) => () => void
}

type Why = 'start' | 'demand' | 'lost'

type Phase =
  | { is: 'absent' }
  /** Waits for room, loads, or waits before it tries again. */
  | { is: 'coming'; why: Why; stop: AbortController; placed: boolean }
  | { is: 'resident'; loaded: Loaded; since: number }
  | { is: 'leaving'; loaded: Loaded }
  /** Its process has gone; what is to be done about it is decided in the same turn. */
  | { is: 'lost'; loaded: Loaded }
  | { is: 'broken'; until: number; reason: string }
  | { is: 'closed' }

function setTimer(ms: number, then: () => void): () => void {
  const timer = setTimeout(then, ms)
  return () => clearTimeout(timer)
}

/** A model that is not in memory yet. */
export function createServable(options: Options): Servable {
  const { id, forms, room, turnover, observe = () => {}, log } = options
  const { now = () => performance.now(), after = setTimer } = options
  const timers = new Set<() => void>()
  /** What a form took when it was last in memory: from then on that is what it needs. */
  const measured = new Map<Form, Bytes>()
  let phase: Phase = { is: 'absent' }
  let queue: Front | undefined
  let form = forms[0] as Form
  let lastUsed = now()
  let { info } = options
  let slots = 1
  let losses = 0
  let breaks = 0
  let trouble: string | undefined

  const requests = () => {
    const { waiting, running } = queue?.load() ?? { waiting: 0, running: 0 }
    return waiting + running
  }

  function later(ms: number, then: () => void): () => void {
    const cancel = after(ms, () => {
      timers.delete(cancel)
      then()
    })
    timers.add(cancel)
    return cancel
  }

  const guest: Guest = {
    bytes: () => ('loaded' in phase ? phase.loaded.bytes() : (measured.get(form) ?? form.need)),
    idleSince() {
      return phase.is === 'resident' && !queue?.busy() && turnover.restMs() === 0 ? lastUsed : undefined
    },
    onlyJobs: () => queue?.onlyJobs() ?? false,
    spared() {
      if (phase.is === 'resident' && requests() > 0) queue?.wake()
    },
    async evict() {
      if (phase.is !== 'resident') return
      const { loaded } = phase
      log('evicted', { model: id, freed_mb: mebibytes(loaded.bytes().host) })
      measured.set(form, loaded.bytes())
      phase = { is: 'leaving', loaded }
      observe({ type: 'evicted' })
      await loaded.engine.close()
    },
    gone() {
      if (phase.is !== 'leaving') return
      phase = { is: 'absent' }
      if (requests() > 0) void bring('demand')
    },
  }

  /** Loads the model, by the first form that works. Resolves in any case; `phase` says how it went. */
  async function bring(why: Why): Promise<unknown> {
    const stop = new AbortController()
    const coming: Phase = { is: 'coming', why, stop, placed: false }
    phase = coming
    let failure: unknown
    try {
      for (form of why === 'lost' && losses >= ATTEMPTS && forms.length > 1 ? forms.slice(1) : forms) {
        await room.enter(guest, stop.signal)
        coming.placed = true
        log('loading', { model: id, why, device: form.device })
        for (let attempt = 1; attempt <= (why === 'start' ? 1 : ATTEMPTS); attempt++) {
          if (attempt > 1) await pause(retryMs(attempt - 1), stop.signal)
          const began = now()
          try {
            return settle(await form.load(), began, why)
          } catch (cause) {
            if (stop.signal.aborted) throw cause
            failure = cause
            observe({ type: 'load_failed' })
            log('load_failed', { model: id, device: form.device, attempt, why: reasonOf(cause) })
          }
        }
        room.leave(guest)
      }
    } catch (cause) {
      room.leave(guest)
      if (phase !== coming) return cause
      phase = { is: 'absent' }
      // Somebody may have come in the moment in which the last one that waited had gone.
      if (requests() > 0) void bring('demand')
      return cause
    }
    fail(why, reasonOf(failure))
    return failure
  }

  function pause(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const cancel = later(ms, resolve)
      signal.addEventListener('abort', () => {
        cancel()
        reject(signal.reason)
      })
    })
  }

  function settle(loaded: Loaded, began: number, why: Why): void {
    if (phase.is === 'closed') return void loaded.engine.close()
    const tookMs = now() - began
    phase = { is: 'resident', loaded, since: now() }
    trouble = undefined
    slots = loaded.engine.slots
    info = loaded.engine.info
    if (losses === 0) breaks = 0
    lastUsed = now()
    observe({ type: 'loaded', tookMs })
    void loaded.engine.died.then((reason) => recover(loaded, reason))
    if (why === 'demand') turnover.loaded(tookMs)
    later(turnover.restMs(), room.review)
    queue?.wake()
  }

  /** Nobody waits for a model that does not come: those in the queue are told, and the next ones at once. */
  function fail(why: Why, reason: string): void {
    const ms = coolDownMs(++breaks)
    phase = { is: 'broken', until: now() + ms, reason }
    log('unavailable', { model: id, retry_ms: ms, why: reason })
    if (why === 'lost') {
      trouble = reason
      later(ms, () => phase.is === 'broken' && void bring('lost'))
    }
    queue?.dropWaiting(unavailable(ms))
  }

  function unavailable(retryAfterMs: number): TwohopError {
    return new TwohopError('host_not_ready', `${id} could not be loaded.`, { retryAfterMs })
  }

  /** Shuts the gate in the same moment in which a job is lost, so that no other is sent after it. */
  function shut(loaded: Loaded): void {
    if (phase.is !== 'resident' || phase.loaded !== loaded) return
    if (now() - phase.since >= QUIET_MS) losses = breaks = 0
    losses++
    measured.set(form, loaded.bytes())
    phase = { is: 'lost', loaded }
  }

  let examined: Loaded | undefined
  /** A device can be lost with its process still there: then everything fails from here on. */
  async function examine(loaded: Loaded): Promise<void> {
    if (examined === loaded) return
    examined = loaded
    const broken = await loaded.check().then(() => undefined, reasonOf)
    examined = undefined
    if (broken === undefined || phase.is !== 'resident' || phase.loaded !== loaded) return
    shut(loaded)
    await loaded.engine.close()
    await recover(loaded, broken)
  }

  async function recover(loaded: Loaded, reason: string): Promise<void> {
    shut(loaded)
    if (phase.is !== 'lost' || phase.loaded !== loaded) return
    trouble = `${form.device} was lost: ${reason}`
    observe({ type: 'lost' })
    log('device_lost', { model: id, device: form.device, why: reason })
    const coming: Phase = { is: 'coming', why: 'lost', stop: new AbortController(), placed: false }
    phase = coming
    room.leave(guest)
    if (losses >= ATTEMPTS && forms.length === 1) return fail('lost', trouble)
    if (losses > 1) await pause(retryMs(losses - 1), coming.stop.signal).catch(() => {})
    if (phase === coming) await bring('lost')
  }

  return {
    engine: {
      get info() {
        if (info === undefined) throw new Error(`nothing is known of ${id} before it is loaded`)
        return info
      },
      get slots() {
        return slots
      },
      run(work, report) {
        if (phase.is !== 'resident') {
          queueMicrotask(() => report(LOST))
          return { stop: () => {} }
        }
        const { loaded } = phase
        return loaded.engine.run(work, (event) => {
          const how = event.type === 'ended' ? event.end.how : undefined
          if (how === 'lost') shut(loaded)
          if (how === 'failed') void examine(loaded)
          report(event)
        })
      },
      load: () => (phase.is === 'resident' ? phase.loaded.engine.load?.() : undefined),
      died: new Promise(() => {}),
      close,
    },
    gate: {
      open: () => phase.is === 'resident',
      refusal() {
        if (phase.is !== 'broken' || phase.until <= now()) return undefined
        return unavailable(phase.until - now())
      },
      yields: () => phase.is === 'resident' && turnover.restMs() === 0 && room.wanted(guest),
      knock() {
        if (phase.is === 'resident') room.review()
        else if (phase.is === 'absent' || (phase.is === 'broken' && phase.until <= now()))
          void bring('demand')
      },
      rest() {
        lastUsed = now()
        // Nobody waits for it any more, so nobody has to make room for it.
        if (phase.is === 'coming' && phase.why === 'demand' && !phase.placed)
          phase.stop.abort(new Error('nobody waits for it any more'))
        room.review()
      },
    },
    attach(to) {
      queue = to
    },
    async start() {
      const failure = await bring('start')
      if (failure !== undefined) throw failure
    },
    trouble: () => trouble,
    resident: () => phase.is === 'resident',
    rss: () => ('loaded' in phase ? phase.loaded.rss() : 0),
    close,
  }

  async function close(): Promise<void> {
    const before = phase
    phase = { is: 'closed' }
    for (const cancel of timers) cancel()
    if (before.is === 'coming') before.stop.abort(new Error('the host stops'))
    if (before.is === 'resident') await before.loaded.engine.close()
  }
}
