import { Worker } from 'node:worker_threads'
import { faultOf } from '../platform/fault.ts'
import type { Engine, EngineLoad } from '../work/engine.ts'
import type { FromWorker, ToWorker, WorkerData } from './messages.ts'
import { createReports } from './reports.ts'

/** An engine that ends its process when it ends: ending a thread within a call of onnxruntime aborts the process. */
export type ThreadEngine = Omit<Engine, 'close'>

/**
 * Loads a model on a thread of its own and resolves with the engine once it is there. One piece of work
 * runs at a time, or several together where the model is batched.
 * @throws Error with the loader's message where the model does not load.
 */
export async function startThreadEngine(data: WorkerData): Promise<ThreadEngine> {
  const worker = new Worker(new URL('worker.ts', import.meta.url), { workerData: data })
  const reports = createReports()
  const died = Promise.withResolvers<string>()
  let load: EngineLoad | undefined
  let isLoaded = false

  const loaded = new Promise<Extract<FromWorker, { type: 'loaded' }>>((resolve, reject) => {
    worker.on('message', (message: FromWorker) => {
      if (message.type === 'event') return reports.deliver(message.run, message.event)
      if (message.type === 'load') load = message.load
      if (message.type === 'load_failed') reject(new Error(message.message))
      if (message.type !== 'loaded') return
      isLoaded = true
      resolve(message)
    })
    worker.once('error', (error) => end(reasonOf(error)))
    worker.once('exit', (code) => end(`the thread ended with ${code}`))

    /** Once it computes, an error's message can hold a prompt, and this text goes into the log. */
    function reasonOf(error: unknown): string {
      if (!isLoaded) return error instanceof Error ? error.message : String(error)
      const { error: name, at } = faultOf(error)
      return `the thread crashed with ${name}${at === undefined ? '' : ` at ${at}`}`
    }

    function end(why: string): void {
      reject(new Error(why))
      died.resolve(why)
      reports.lose()
    }
  })

  const { info, slots, batching } = await loaded
  return {
    info,
    slots,
    batching,
    load: () => load,
    died: died.promise,
    run(work, report) {
      const run = reports.open(report)
      if (run === undefined) return { stop: () => {} }
      const stop = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)
      worker.postMessage({ type: 'run', run, work, stop } satisfies ToWorker)
      return { stop: () => void Atomics.store(new Int32Array(stop), 0, 1) }
    },
  }
}
