import type { ErrorCode } from '../../shared/errors.ts'
import type { ImagePatches } from '../../shared/image-tokens.ts'
import type { FinishReason, TokenLogprob } from '../../shared/openai/chat.ts'
import type { Device, ModelTask } from '../device/port.ts'
import type { Fault } from '../platform/fault.ts'
import type { Work } from './work.ts'

/** What the engine serves, measured when the model was loaded. `context` and `overhead` are in tokens. */
export type ModelInfo = {
  id: string
  task: ModelTask
  device: Device
  dtype: string
  context: number
  overhead: { request: number; item: number }
  /** Tokens that an image counts as, where the model reads images. */
  imageTokens?: number | undefined
  /** How many, where an image's size decides. */
  imagePatches?: ImagePatches | undefined
}

/** An encoder's answers come as JSON text, one each: printing thousands of floats would hold up the HTTP thread. */
export type Output =
  /** Why each answer ended, and with which stop string, if it was one. */
  | { kind: 'text'; finishReasons: readonly FinishReason[]; stopStrings?: readonly (string | undefined)[] }
  | { kind: 'items'; json: readonly string[] }

/**
 * How a piece of work ended. `refused`: it ended before any compute of the model. `stopped`: it was told to end. `lost`: the engine
 * died with it, so only its earlier reports are known.
 */
export type End =
  | { how: 'finished'; output: Output }
  | { how: 'stopped' }
  | { how: 'refused'; code: ErrorCode; message: string; param: string | undefined }
  | { how: 'failed'; fault?: Fault }
  | { how: 'lost' }

/**
 * What work reports, in this order. `started` comes once: the prompt is counted and allowed, and compute begins.
 * `token` comes for each generated token. Its `text` may be empty, and its `outputTokens` counts all so far, the stop
 * token included: it was computed. `ended` comes once and last, with everything that was computed.
 */
export type EngineEvent =
  | { type: 'started'; promptTokens: number; cachedPromptTokens?: number }
  | {
      type: 'token'
      text: string
      outputTokens: number
      /** The answer that it belongs to, from 0 on. Left out where there is only one. */
      answer?: number
      /** Of the tokens whose text is passed on with this one, where they were asked for. */
      logprobs?: readonly TokenLogprob[]
    }
  | {
      type: 'ended'
      promptTokens: number
      outputTokens: number
      computeMs: number
      /** The part of `computeMs` in which its structure was followed. */
      structureMs?: number
      end: End
    }

/** Requests in a batch now, and the part of the caches' memory that is taken: 0 to 1. */
export type EngineLoad = { batchSize: number; kvCacheUsage: number }

/** Does work on one loaded model, off the calling thread. */
export type Engine = {
  readonly info: ModelInfo
  /** Pieces of work that may run at once; the scheduler keeps the others waiting. */
  readonly slots: number
  /**
   * What loading found out about batching, where it looked: why work runs piece by piece, or how far a batch's logits
   * are from those alone, as a part of the largest.
   */
  readonly batching?: { alone: string } | { difference: number } | undefined
  /** Starts a piece of work. `stop` ends it within two decoding steps; `ended` is reported all the same. */
  run(work: Work, report: (event: EngineEvent) => void): { stop(): void }
  /** What the engine is doing, at most a second old; undefined where it does one thing at a time. */
  load?(): EngineLoad | undefined
  /**
   * Resolves when the engine died by itself, with what is known of the cause. Work under way has then ended as lost.
   */
  readonly died: Promise<string>
  close(): Promise<void>
}

/**
 * How many tokens were computed so far. The counts are right at any moment, so also when the work fails. `computeMs` is
 * the work's share of the time where it was not alone.
 */
export type Counts = {
  promptTokens: number
  outputTokens: number
  computeMs?: number
  /** Milliseconds in which its structure was followed. */
  structureMs?: number
  /** Milliseconds in which its texts were made into tokens, and its structure was bound to these: the cost of a refusal. */
  readMs: number
}

/** What comes with a piece of work for the one that does it. */
export type PerformOptions = {
  counts: Counts
  /** True when the work is to end; asked before compute and at every step. */
  stopped: () => boolean
  report: (event: Exclude<EngineEvent, { type: 'ended' }>) => void
  /** A seed for a request that names none. */
  newSeed: () => number
}
