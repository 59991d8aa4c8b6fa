import { parentPort, workerData } from 'node:worker_threads'
import { isMediaTask } from '../../shared/catalog.ts'
import { TwohopError } from '../../shared/errors.ts'
import { countTokens } from '../decoding/writing/count-tokens.ts'
import { aloneWrite } from '../decoding/writing/generate.ts'
import { readTokenBytes } from '../decoding/writing/token-bytes.ts'
import { type Writer, writeOn } from '../decoding/writing/write-on.ts'
import { type LoadedText, loadModel, loadText } from '../device/load.ts'
import { encodes, SEEING } from '../device/port.ts'
import { loadEncoder } from '../encoding/load.ts'
import { loadMedia } from '../media/load.ts'
import { loadSeeing } from '../media/seeing/load.ts'
import { Unsupported } from '../onnx/unsupported.ts'
import { faultOf } from '../platform/fault.ts'
import { loadSeq2seq } from '../seq2seq/load.ts'
import { perform as performSeq2seq } from '../seq2seq/perform.ts'
import { type WriteSeq2seq, writeAlone } from '../seq2seq/write.ts'
import { measureOverhead, type Overhead } from '../weights/overhead.ts'
import type { Counts, End, Engine, EngineLoad, ModelInfo, Output, PerformOptions } from '../work/engine.ts'
import type { Work } from '../work/work.ts'
import { loadBatched } from './batched.ts'
import type { FromWorker, ToWorker, WorkerData } from './messages.ts'

/**
 * The thread that a model lives on: it loads the model it was started for, then does its work: piece by piece, or
 * batched.
 */
if (parentPort === null) throw new Error('model-process/worker.ts runs as a worker thread')
const port = parentPort
const post = (message: FromWorker) => port.postMessage(message)
const data: WorkerData = workerData

/** How often the thread says how busy it is, in milliseconds. Metrics are read far less often. */
const LOAD_MS = 1000
const NONE = { request: 0, item: 0 }

type Perform = (work: Work, options: PerformOptions) => Promise<Output | undefined>
type Worker = {
  text: {
    context: number
    tokenizer?: LoadedText['tokenizer']
    overhead?: Overhead
    imageTokens?: number | undefined
    imagePatches?: ModelInfo['imagePatches']
  }
  slots: number
  batching?: Engine['batching']
  perform: Perform
}

try {
  const { text, slots, batching, perform } = await loadWorker()
  post({
    type: 'loaded',
    info: {
      id: data.id,
      task: data.task,
      device: data.device,
      dtype: data.dtype,
      context: text.context,
      // A file is counted by itself.
      overhead: text.overhead ?? (text.tokenizer ? measureOverhead(text.tokenizer) : NONE),
      ...(text.imageTokens !== undefined && { imageTokens: text.imageTokens }),
      ...(text.imagePatches && { imagePatches: text.imagePatches }),
    },
    slots,
    batching,
  })
  let last = Promise.resolve()
  port.on('message', (message: ToWorker) => {
    if (slots > 1) void runWork(perform, message)
    else last = last.then(() => runWork(perform, message))
  })
} catch (error) {
  post({ type: 'load_failed', message: error instanceof Error ? error.message : String(error) })
}

async function loadWorker(): Promise<Worker> {
  if (data.batched !== undefined) {
    const { slots, description } = data.batched
    const text = await loadText(data)
    const { write, load } = await loadBatched(text, data.batched, data.batched, data)
    sayLoad(load)
    return writing({ loaded: text, write, together: true }, slots, description.vocab)
  }
  if (isMediaTask(data.task) || data.task === SEEING) {
    const { perform, ...text } = await (data.task === SEEING ? loadSeeing(data) : loadMedia(data.task, data))
    return { text, slots: 1, perform }
  }
  if (encodes(data.task)) {
    const encoder = await loadEncoder(data)
    sayLoad(encoder.load)
    return encoder
  }
  if (data.task !== 'text-generation') return seq2seq()
  const loaded = await loadModel(data)
  return writing({ loaded, write: aloneWrite(loaded), together: false }, 1, loaded.config.vocab_size)
}

/** The work of an encoder-decoder: batched where it is to be and can be. */
async function seq2seq(): Promise<Worker> {
  const { task, seq2seq: how } = data
  let batching: Engine['batching']
  if (how !== undefined)
    try {
      const text = await loadText(data)
      const { write, load, difference } = await loadSeq2seq(text, data, how)
      sayLoad(load)
      return { ...workerOf(text, write, how.slots), batching: { difference } }
    } catch (cause) {
      if (!(cause instanceof Unsupported)) throw cause
      batching = { alone: cause.message }
    }
  const loaded = await loadModel(data)
  return { ...workerOf(loaded, writeAlone(loaded), 1), batching }

  function workerOf(text: LoadedText, write: WriteSeq2seq, slots: number): Worker {
    return { text, slots, perform: (work, options) => performSeq2seq({ text, task, write }, work, options) }
  }
}

function sayLoad(load: () => EngineLoad): void {
  setInterval(() => post({ type: 'load', load: load() }), LOAD_MS)
}

/** The work of a decoder with `vocab` ids in its logits. */
async function writing(writer: Omit<Writer, 'tokens'>, slots: number, vocab = 0): Promise<Worker> {
  const tokens = await readTokenBytes(data.folder, writer.loaded, vocab)
  return {
    text: writer.loaded,
    slots,
    async perform(work, options) {
      if (work.kind === 'count') return countTokens(writer.loaded, work, options)
      if (work.kind !== 'chat' && work.kind !== 'complete') throw new Error(`a decoder does no ${work.kind}`)
      return writeOn({ ...writer, tokens }, work, options)
    },
  }
}

/** Does one piece of work, and reports its end in any case. */
async function runWork(perform: Perform, { run, work, stop }: ToWorker): Promise<void> {
  const flag = new Int32Array(stop)
  const counts: Counts = { promptTokens: 0, outputTokens: 0, readMs: 0 }
  const began = performance.now()
  const end = await attempt(perform, work, run, flag, counts)
  const { promptTokens, outputTokens, readMs } = counts
  // Where it was not alone, its share of the calls and what reading it took.
  const computeMs =
    end.how === 'refused'
      ? readMs
      : counts.computeMs === undefined
        ? performance.now() - began
        : counts.computeMs + readMs
  const { structureMs } = counts
  const event = {
    ...{ promptTokens, outputTokens, computeMs: Math.round(computeMs), end },
    ...(structureMs !== undefined && { structureMs: Math.round(structureMs) }),
  }
  post({ type: 'event', run, event: { type: 'ended', ...event } })
}

async function attempt(
  perform: Perform,
  work: Work,
  run: number,
  flag: Int32Array,
  counts: Counts,
): Promise<End> {
  let started = false
  try {
    const output = await perform(work, {
      counts,
      stopped: () => Atomics.load(flag, 0) !== 0,
      report(event) {
        started = true
        post({ type: 'event', run, event })
      },
      newSeed: () => crypto.getRandomValues(new Uint32Array(1))[0] ?? 0,
    })
    return output === undefined ? { how: 'stopped' } : { how: 'finished', output }
  } catch (error) {
    // What is refused is not paid for. So once something was computed, whatever it ends with is a failure.
    if (error instanceof TwohopError && !started)
      return { how: 'refused', code: error.code, message: error.message, param: error.param }
    return { how: 'failed', fault: faultOf(error) }
  }
}
