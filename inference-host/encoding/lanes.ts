import { Worker } from 'node:worker_threads'
import { type Encoder, openSession, type Row, rowsOf, type SessionOptions } from './encoder.ts'
import type { FromLane, LaneData, ToLane } from './lane-worker.ts'

/**
 * Lanes at most. Each lane holds the weights once more. On a machine of many cores each lane has several threads; more
 * than a few in one call gain little.
 */
const MOST_LANES = 4

/** How many lanes an encoder has on a device, with `threads` for all of them together. */
export function lanesOn(device: string, threads: number): number {
  return device === 'cpu' ? Math.min(threads, MOST_LANES) : 1
}

/**
 * An encoder on the graph in `file`, on the CPU with several sessions side by side. Two threads that each compute a
 * call of their own do 1.3 to 1.6 times as much as two that share each call (all-MiniLM-L6-v2, 8 to 200 tokens, two
 * cores): threads of one call wait for each other after every operator.
 * @throws Error where the graph takes an input that is not known here, or does not load
 */
export async function openEncoder(file: string, options: SessionOptions): Promise<Encoder> {
  const lanes = lanesOn(options.device, options.threads)
  if (lanes === 1) {
    const { outputs, run } = await openSession(file, options)
    return { outputs, lanes, run: async (rows) => rowsOf(await run(rows), rows.length) }
  }
  const threads = Math.floor(options.threads / lanes)
  const opened = await Promise.all(
    Array.from({ length: lanes }, () => openLane({ ...options, threads, file })),
  )
  const free = opened.map(({ run }) => run)
  return {
    outputs: opened[0]?.outputs ?? new Map(),
    lanes,
    async run(rows) {
      const run = free.pop()
      if (run === undefined) throw new Error('more calls at once than there are lanes')
      try {
        return rowsOf(await run(rows), rows.length)
      } finally {
        free.push(run)
      }
    },
  }
}

/**
 * A session on a thread of its own. When it dies, the caller's thread dies too: a model that lost a lane is loaded
 * anew.
 */
async function openLane(data: LaneData) {
  const worker = new Worker(new URL('lane-worker.ts', import.meta.url), { workerData: data })
  let answer = Promise.withResolvers<FromLane>()
  worker.on('message', (message: FromLane) => answer.resolve(message))
  worker.once('exit', (code) => answer.reject(new Error(`an encoder's thread ended with ${code}`)))

  async function next(): Promise<Exclude<FromLane, { type: 'failed' }>> {
    const message = await answer.promise
    answer = Promise.withResolvers()
    if (message.type === 'failed') throw new Error(message.message)
    return message
  }

  const open = await next()
  if (open.type !== 'open') throw new Error('an encoder computed before it was open')
  return {
    outputs: open.outputs,
    async run(rows: readonly Row[]) {
      worker.postMessage({ rows } satisfies ToLane)
      const done = await next()
      if (done.type !== 'outputs') throw new Error('an encoder was opened twice')
      return done.outputs
    },
  }
}
