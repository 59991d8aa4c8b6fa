import type { ServingForm } from '../decoding/serving-form/ensure.ts'
import type { LoadRequest } from '../device/port.ts'
import type { Seq2seqBatching } from '../seq2seq/load.ts'
import type { Engine, EngineEvent, EngineLoad, ModelInfo } from '../work/engine.ts'
import type { Work } from '../work/work.ts'
import type { Batching } from './batched.ts'

/** What the worker thread is started with. */
export type WorkerData = LoadRequest & {
  id: string
  /** Where the model is a decoder that can be batched. */
  batched?: Pick<ServingForm, 'file' | 'description'> & Batching
  /** Where the model is an encoder-decoder that is to be batched if it can be. */
  seq2seq?: Seq2seqBatching
}

/** To the worker thread. `stop` is one shared Int32: anything but 0 stops the work at its next step. */
export type ToWorker = { type: 'run'; run: number; work: Work; stop: SharedArrayBuffer }

/** From the worker thread. */
export type FromWorker =
  | { type: 'loaded'; info: ModelInfo; slots: number; batching: Engine['batching'] }
  | { type: 'load_failed'; message: string }
  | { type: 'load'; load: EngineLoad }
  | { type: 'event'; run: number; event: EngineEvent }

/** To the engine's process. */
export type ToProcess =
  | { type: 'load'; data: WorkerData }
  | { type: 'run'; run: number; work: Work }
  | { type: 'stop'; run: number }

/** From the engine's process, several at a time: what happens in one turn of its loop comes as one message. */
export type FromProcess =
  | { type: 'loaded'; info: ModelInfo; slots: number; batching: Engine['batching'] }
  | { type: 'load_failed'; message: string }
  | { type: 'event'; run: number; event: EngineEvent }
  /** Resident memory of the process in bytes, and what the engine is doing. */
  | { type: 'state'; rss: number; load: EngineLoad | undefined }
  | { type: 'died'; why: string }
