import {
  type BatchEngine,
  createBatchEngine,
} from '../../../inference-host/decoding/batching/batch-engine.ts'
import type { Decoder } from '../../../inference-host/decoding/batching/decoder.ts'
import type { BatchEnd, BatchRequest } from '../../../inference-host/decoding/batching/request.ts'
import { bytesPerToken } from '../../../inference-host/decoding/batching/shape.ts'
import { createTokenSampler } from '../../../inference-host/decoding/sampling/sampler.ts'
import { seededRandom } from '../../../inference-host/decoding/writing/random.ts'
import type { SamplingSettings } from '../../../inference-host/work/sampling.ts'
import { generateAlone } from './alone.ts'
import { createHashingDecoder, SHAPE } from './hashing-decoder.ts'

export const SIZES = { stride: 4, lane: 8, block: 4 }
export const CONTEXT = 64
const STOP = 3
export const TOKEN = bytesPerToken(SHAPE)

export type Wish = {
  prompt: number[]
  most?: number
  namespace?: string | undefined
  settings?: SamplingSettings
  /** Told to stop once it has this many tokens. */
  quitAfter?: number
}
export type Outcome = { tokens: number[]; cached: number | undefined; end: BatchEnd }

/** An engine of six slots and small blocks, so that few requests fill it; its clock counts its readings. */
export function engineOf(
  decoder: Decoder,
  options: Partial<Parameters<typeof createBatchEngine>[0]> = {},
): BatchEngine {
  let time = 0
  return createBatchEngine({
    decoder,
    slots: 6,
    memoryBytes: 400 * TOKEN,
    context: CONTEXT,
    now: () => time++,
    sizes: SIZES,
    ...options,
  })
}

/** A sampler whose randomness follows from the prompt, so that a wish always gives the same. */
export const samplerOf = ({ prompt, settings = {} }: Wish) =>
  createTokenSampler({ settings, defaults: {}, prompt, random: seededRandom(prompt.length * 31 + 7) })

/** Submits a wish; gives its tokens, how many of its prompt were cached, and its end. */
export function ask(engine: BatchEngine, wish: Wish, changes: Partial<BatchRequest> = {}): Promise<Outcome> {
  const tokens: number[] = []
  let cached: number | undefined
  return new Promise((resolve, reject) => {
    let over = false
    engine.submit({
      prompt: wish.prompt,
      most: wish.most ?? 10,
      namespace: wish.namespace,
      choose: samplerOf(wish),
      take(token) {
        if (over || cached === undefined) reject(new Error('a token at the wrong time'))
        tokens.push(token.id)
        return token.id === STOP
      },
      stopped: () => tokens.length >= (wish.quitAfter ?? Number.POSITIVE_INFINITY),
      started: (count) => {
        cached = count
      },
      ended(end) {
        if (over) reject(new Error('ended twice'))
        over = true
        resolve({ tokens, cached, end })
      },
      ...changes,
    })
  })
}

/** The tokens that a wish gives with the decoder to itself. */
export const alone = (wish: Wish) =>
  generateAlone(createHashingDecoder(), wish.prompt, wish.most ?? 10, samplerOf(wish), (id) => id === STOP)

/** A prompt of `length` tokens that `from` decides. */
export const range = (from: number, length: number) =>
  Array.from({ length }, (_, i) => 4 + ((from + i * 7) % 36))
