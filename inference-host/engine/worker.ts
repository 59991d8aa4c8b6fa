import { parentPort, workerData } from 'node:worker_threads'
import { TwohopError } from '../../shared/errors.ts'
import { type LoadedText, loadModel, loadText } from '../device/load.ts'
import { encodes } from '../device/port.ts'
import { loadEncoder } from '../encoding/load.ts'
import { measureOverhead } from '../models/overhead.ts'
import { loadRewriter } from '../rewriting/load.ts'
import { Unsupported } from '../serving-form/unsupported.ts'
import { loadBatched } from './batched.ts'
import { aloneWrite } from './generate.ts'
import type { FromWorker, ToWorker, WorkerData } from './messages.ts'
import { perform } from './perform.ts'
import type { Counts, End, Engine, EngineLoad, Job, Output, PerformOptions } from './port.ts'
import { aloneRewrite, type WriteAnew } from './rewrite.ts'
import { readTokenBytes } from './token-bytes.ts'
import { type Writer, writeOn } from './write-on.ts'

/** The thread that a model lives on: it loads the model it was started for, then does jobs: one by one, or batched. */
if (parentPort === null) throw new Error('engine/worker.ts runs as a worker thread')
const port = parentPort
const post = (message: FromWorker) => port.postMessage(message)
const data = workerData as WorkerData

/** How often the thread says how busy it is, in milliseconds; metrics are read far more seldom. */
const LOAD_MS = 1000

type Perform = (job: Job, options: PerformOptions) => Promise<Output | undefined>
type Work = { text: LoadedText; slots: number; batching?: Engine['batching']; perform: Perform }

try {
  const { text, slots, batching, perform } = await load()
  post({
    type: 'loaded',
    info: {
      id: data.id,
      task: data.task,
      device: data.device,
      dtype: data.dtype,
      context: text.context,
      overhead: measureOverhead(text.tokenizer),
    },
    slots,
    batching,
  })
  let last = Promise.resolve()
  port.on('message', (message: ToWorker) => {
    if (slots > 1) void work(perform, message)
    else last = last.then(() => work(perform, message))
  })
} catch (error) {
  post({ type: 'load_failed', message: error instanceof Error ? error.message : String(error) })
}

async function load(): Promise<Work> {
  if (data.batched !== undefined) {
    const { slots, description } = data.batched
    const text = await loadText(data)
    const { write, load } = await loadBatched(text, data.batched, data.batched, data)
    sayLoad(load)
    return writing({ loaded: text, write, together: true }, slots, description.vocab)
  }
  if (encodes(data.task)) {
    const encoder = await loadEncoder(data)
    sayLoad(encoder.load)
    return encoder
  }
  if (data.task !== 'text-generation') return rewriting()
  const loaded = await loadModel(data)
  return writing({ loaded, write: aloneWrite(loaded), together: false }, 1, loaded.config.vocab_size)
}

/** The work of an encoder-decoder: batched where it is to be and can be. */
async function rewriting(): Promise<Work> {
  const { task, rewriting } = data
  let batching: Engine['batching']
  if (rewriting !== undefined)
    try {
      const text = await loadText(data)
      const { write, load, difference } = await loadRewriter(text, data, rewriting)
      sayLoad(load)
      return { ...rewriter(text, write, rewriting.slots), batching: { difference } }
    } catch (cause) {
      if (!(cause instanceof Unsupported)) throw cause
      batching = { alone: cause.message }
    }
  const loaded = await loadModel(data)
  return { ...rewriter(loaded, aloneRewrite(loaded), 1), batching }

  function rewriter(text: LoadedText, write: WriteAnew, slots: number): Work {
    return { text, slots, perform: (job, options) => perform({ text, task, write }, job, options) }
  }
}

function sayLoad(load: () => EngineLoad): void {
  setInterval(() => post({ type: 'load', load: load() }), LOAD_MS)
}

/** The work of a decoder, whose logits have `vocab` ids. */
async function writing(writer: Omit<Writer, 'tokens'>, slots: number, vocab = 0): Promise<Work> {
  const tokens = await readTokenBytes(data.folder, writer.loaded, vocab)
  return {
    text: writer.loaded,
    slots,
    async perform(job, options) {
      if (job.kind !== 'chat' && job.kind !== 'complete') throw new Error(`a decoder does no ${job.kind}`)
      return writeOn({ ...writer, tokens }, job, options)
    },
  }
}

/** Does one job and reports its end, whatever happens. */
async function work(perform: Perform, { run, job, stop }: ToWorker): Promise<void> {
  const flag = new Int32Array(stop)
  const counts: Counts = { promptTokens: 0, outputTokens: 0 }
  const began = performance.now()
  const end = await attempt(perform, job, run, flag, counts)
  const { computeMs = performance.now() - began, promptTokens, outputTokens } = counts
  const event = {
    promptTokens,
    outputTokens,
    computeMs: end.how === 'refused' ? 0 : Math.round(computeMs),
    end,
  }
  post({ type: 'event', run, event: { type: 'ended', ...event } })
}

async function attempt(
  perform: Perform,
  job: Job,
  run: number,
  flag: Int32Array,
  counts: Counts,
): Promise<End> {
  try {
    const output = await perform(job, {
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
