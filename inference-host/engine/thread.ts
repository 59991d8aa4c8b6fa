import { Worker } from 'node:worker_threads'
import type { FromWorker, ToWorker, WorkerData } from './messages.ts'
import type { Engine, EngineEvent, EngineLoad } from './port.ts'

type Report = (event: EngineEvent) => void

/**
 * Loads a model on a thread of its own and resolves with the engine once it is there. One job runs at a
 * time, or several together where the model is batched.
 * @throws Error with the loader's message where the model does not load.
 */
export async function startThreadEngine(data: WorkerData): Promise<Engine> {
  const worker = new Worker(new URL('worker.ts', import.meta.url), { workerData: data })
  const reports = new Map<number, Report>()
  const died = Promise.withResolvers<string>()
  let runs = 0
  let load: EngineLoad | undefined
  let closing = false
  let over = false

  const loaded = new Promise<Extract<FromWorker, { type: 'loaded' }>>((resolve, reject) => {
    worker.on('message', (message: FromWorker) => {
      if (message.type === 'event') return deliver(message.run, message.event)
      if (message.type === 'load') load = message.load
      if (message.type === 'loaded') resolve(message)
      if (message.type === 'load_failed') reject(new Error(message.message))
    })
    worker.once('error', (error) => end(error instanceof Error ? error.message : String(error)))
    worker.once('exit', (code) => end(`the thread ended with ${code}`))

    function end(why: string): void {
      over = true
      reject(new Error(why))
      if (!closing) died.resolve(why)
      for (const report of [...reports.values()]) report(LOST)
      reports.clear()
    }
  })

  function deliver(run: number, event: EngineEvent): void {
    const report = reports.get(run)
    if (event.type === 'ended') reports.delete(run)
    report?.(event)
  }

  try {
    const { info, slots } = await loaded
    return {
      info,
      slots,
      load: () => load,
      died: died.promise,
      run(job, report) {
        const run = runs++
        if (over) {
          queueMicrotask(() => report(LOST))
          return { stop: () => {} }
        }
        const stop = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)
        reports.set(run, report)
        worker.postMessage({ type: 'run', run, job, stop } satisfies ToWorker)
        return { stop: () => void Atomics.store(new Int32Array(stop), 0, 1) }
      },
      async close() {
        closing = true
        await worker.terminate()
      },
    }
  } catch (error) {
    closing = true
    await worker.terminate()
    throw error
  }
}

/** What a job reports when the thread or process that it runs on is gone. */
export const LOST: EngineEvent = {
  type: 'ended',
  promptTokens: 0,
  outputTokens: 0,
  computeMs: 0,
  end: { how: 'lost' },
}
