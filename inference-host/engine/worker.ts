import { parentPort, workerData } from 'node:worker_threads'
import { TwohopError } from '../../shared/errors.ts'
import { type Loaded, loadModel } from '../device/load.ts'
import { measureOverhead } from '../models/overhead.ts'
import type { FromWorker, ToWorker, WorkerData } from './messages.ts'
import { type Counts, perform } from './perform.ts'
import type { End, Job } from './port.ts'

/** The thread that a model lives on: it loads the model it was started for, then does jobs one after another. */
if (parentPort === null) throw new Error('engine/worker.ts runs as a worker thread')
const port = parentPort
const post = (message: FromWorker) => port.postMessage(message)
const data = workerData as WorkerData

try {
  const loaded = await loadModel(data)
  post({
    type: 'loaded',
    info: {
      id: data.id,
      task: data.task,
      device: data.device,
      dtype: data.dtype,
      context: loaded.context,
      overhead: measureOverhead(loaded.tokenizer),
    },
  })
  let last = Promise.resolve()
  port.on('message', (message: ToWorker) => {
    last = last.then(() => work(loaded, message))
  })
} catch (error) {
  post({ type: 'load_failed', message: error instanceof Error ? error.message : String(error) })
}

/** Does one job and reports its end, whatever happens. */
async function work(loaded: Loaded, { run, job, stop }: ToWorker): Promise<void> {
  const flag = new Int32Array(stop)
  const counts: Counts = { promptTokens: 0, outputTokens: 0 }
  const began = performance.now()
  const end = await attempt(loaded, job, run, flag, counts)
  const computeMs = end.how === 'refused' ? 0 : Math.round(performance.now() - began)
  post({ type: 'event', run, event: { type: 'ended', ...counts, computeMs, end } })
}

async function attempt(
  loaded: Loaded,
  job: Job,
  run: number,
  flag: Int32Array,
  counts: Counts,
): Promise<End> {
  try {
    const output = await perform(loaded, job, {
      counts,
      stopped: () => Atomics.load(flag, 0) !== 0,
      report: (event) => post({ type: 'event', run, event }),
      newSeed: () => crypto.getRandomValues(new Uint32Array(1))[0] ?? 0,
    })
    return output === undefined ? { how: 'stopped' } : { how: 'finished', output }
  } catch (error) {
    if (error instanceof TwohopError)
      return { how: 'refused', code: error.code, message: error.message, param: error.param }
    return { how: 'failed' }
  }
}
