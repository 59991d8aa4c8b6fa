import '../platform/no-telemetry.ts'
import { type ChildProcess, fork } from 'node:child_process'
import type { Engine, EngineLoad } from '../work/engine.ts'
import type { FromProcess, ToProcess, WorkerData } from './messages.ts'
import { createReports } from './reports.ts'

/** An engine in a process of its own. */
export type ProcessEngine = Engine & {
  /** The id of the process, for the operator. */
  readonly pid: number
  /** Resident memory of the process in bytes, at most a second old. */
  rss(): number
}

const CHILD = new URL('process-child.ts', import.meta.url)

/**
 * Loads a model in a process of its own, on a thread there, and resolves with the engine once it is there.
 *
 * It is a process and not only a thread, for three reasons. A model's memory is given back in full when it is unloaded.
 * (A thread that ends does not do that. Measured on a 114 MB model that took 400 MB: onnxruntime and glibc keep 130 to
 * 300 MB in the process, with or without `session.release()`.) A model's memory can be told from the others'. A crash
 * of a driver or of onnxruntime ends one model rather than the host. An event costs 7 microseconds more than from a
 * thread.
 * @throws Error with the loader's message where the model does not load, or not within `timeoutMs`.
 */
export async function startProcessEngine(data: WorkerData, timeoutMs: number): Promise<ProcessEngine> {
  // Structured clones and not JSON: work holds maps, and log probabilities can be infinite.
  const child = fork(CHILD, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], serialization: 'advanced' })
  const reports = createReports()
  const died = Promise.withResolvers<string>()
  const ended = Promise.withResolvers<void>()
  let rss = 0
  let load: EngineLoad | undefined
  let closing = false
  let over = false

  const loaded = Promise.withResolvers<Extract<FromProcess, { type: 'loaded' }>>()
  // A caller that closes the engine while it loads does not wait for it.
  loaded.promise.catch(() => {})
  child.on('message', (messages) => {
    // The child is this project's own: process-child.ts sends nothing else.
    for (const message of messages as FromProcess[]) take(message)
  })
  child.once('error', (error) => end(error.message))
  child.once('exit', (code, signal) => end(`its process ended with ${signal ?? code}`))
  send(child, { type: 'load', data })
  const timer = setTimeout(() => loaded.reject(new Error(`not loaded in ${timeoutMs} ms`)), timeoutMs)

  function take(message: FromProcess): void {
    if (message.type === 'loaded') loaded.resolve(message)
    if (message.type === 'load_failed') loaded.reject(new Error(message.message))
    if (message.type === 'died') end(message.why)
    if (message.type === 'state') ({ rss, load } = message)
    if (message.type === 'event') reports.deliver(message.run, message.event)
  }

  function end(why: string): void {
    if (over) return
    over = true
    loaded.reject(new Error(why))
    if (!closing) died.resolve(why)
    reports.lose()
    // This also ends a process that has lost its thread but hangs in a driver's clean-up.
    child.kill('SIGKILL')
    ended.resolve()
  }

  async function close(): Promise<void> {
    closing = true
    child.kill('SIGKILL')
    await ended.promise
  }

  try {
    const { info, slots, batching } = await loaded.promise
    return {
      info,
      slots,
      batching,
      pid: child.pid ?? 0,
      rss: () => rss,
      load: () => load,
      died: died.promise,
      run(work, report) {
        const run = reports.open(report)
        if (run === undefined) return { stop: () => {} }
        send(child, { type: 'run', run, work })
        return { stop: () => over || send(child, { type: 'stop', run }) }
      },
      close,
    }
  } catch (error) {
    await close()
    throw error
  } finally {
    clearTimeout(timer)
  }
}

/** Sends, unless the process has just gone. Its `exit` event then reports its end. */
function send(child: ChildProcess, message: ToProcess): void {
  child.send(message, () => {})
}
