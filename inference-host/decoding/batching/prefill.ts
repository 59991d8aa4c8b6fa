import type { Decoder } from './decoder.ts'
import { type Chunk, nextChunk, type Turn, type Waiting } from './plan.ts'
import type { PrefixCache } from './prefix-cache.ts'
import type { Sequence } from './request.ts'
import { laneFor, roundUp, type Sizes } from './sizes.ts'
import type { Staging } from './staging.ts'

/** Prompts on their way into the cache. */
export type Prefill = {
  readonly waiting: readonly Sequence[]
  add(sequence: Sequence): void
  /** Lets one go and frees what it holds. */
  remove(sequence: Sequence): void
  /** What to compute next; undefined where nothing waits. `newcomer`: see Waiting. */
  plan(budget: number, turn: Turn, newcomer: (sequence: Sequence) => boolean): Chunk | undefined
  /**
   * Computes a chunk. Resolves with the logits behind the prompt's last token, or undefined where more is to come.
   * @throws Error where the decoder does
   */
  compute(chunk: Chunk): Promise<Float32Array | undefined>
}

type Options = {
  decoder: Decoder
  staging: Staging
  cache: PrefixCache
  sizes: Sizes
  context: number
}

/** Tokens of a prompt that are always computed, even if all are cached: their logits are needed, and see `chunkSize`. */
const RECOMPUTED = 2

export function createPrefill({ decoder, staging, cache, sizes, context }: Options): Prefill {
  const waiting: Sequence[] = []
  const { mostColumns = Number.POSITIVE_INFINITY } = decoder.shape

  /** The keys whose blocks a prompt can take from the cache. */
  function reusable({ keys, request }: Sequence): readonly string[] {
    const most = Math.floor(Math.max(0, request.prompt.length - RECOMPUTED) / sizes.block)
    return keys.slice(0, Math.min(most, cache.held(keys)))
  }

  function begin(sequence: Sequence): void {
    const { prompt, started } = sequence.request
    // Taking memory can cost the cache some blocks, so it comes before they are counted.
    sequence.staged = staging.take(laneFor(prompt.length, context, sizes))
    const keys = reusable(sequence)
    sequence.staged.setStride(strideFor(sequence, keys.length * sizes.block), [0])
    cache.restore(keys, sequence.staged, 0)
    sequence.length = keys.length * sizes.block
    Object.assign(sequence.counted, { promptTokens: prompt.length, cachedPromptTokens: sequence.length })
    started(sequence.length)
  }

  /** Rows double as a prompt grows: each call clears a whole row, and each change of stride copies one. */
  function strideFor({ request, staged }: Sequence, tokens: number): number {
    let stride = sizes.stride
    while (stride < tokens) stride *= 2
    return Math.min(stride, roundUp(request.prompt.length, sizes.stride), staged?.tokens ?? stride)
  }

  /** Keys of blocks that begun prompts are about to put into the cache. */
  function underWay(): Set<string> {
    const begun = waiting.filter(({ staged }) => staged !== undefined)
    return new Set(begun.flatMap(({ keys }) => keys.slice(cache.held(keys))))
  }

  return {
    waiting,
    add: (sequence) => void waiting.push(sequence),

    remove(sequence) {
      const place = waiting.indexOf(sequence)
      if (place >= 0) waiting.splice(place, 1)
      if (sequence.staged !== undefined) staging.give(sequence.staged)
      sequence.staged = undefined
    },

    plan(budget, turn, isNewcomer) {
      const coming = underWay()
      const state = waiting.map((sequence): Waiting => {
        const begun = sequence.staged !== undefined
        const { length } = sequence.request.prompt
        const newcomer = isNewcomer(sequence)
        if (begun) return { left: length - sequence.length, begun, blocked: false, newcomer }
        const keys = reusable(sequence)
        const missing = sequence.keys[keys.length]
        const blocked = missing !== undefined && coming.has(missing)
        return { left: length - keys.length * sizes.block, begun, blocked, newcomer }
      })
      return nextChunk(state, Math.min(budget, mostColumns), turn, mostColumns)
    },

    async compute({ index, tokens }) {
      const sequence = waiting[index] as Sequence
      if (sequence.staged === undefined) begin(sequence)
      const buffer = sequence.staged as NonNullable<Sequence['staged']>
      const { prompt } = sequence.request
      const at = sequence.length
      const end = Math.min(at + tokens, prompt.length)
      if (end > buffer.stride) buffer.setStride(strideFor(sequence, end), [at])

      const { logits, fresh } = await decoder.run({
        ids: BigInt64Array.from(prompt.slice(at, end), BigInt),
        columns: end - at,
        lengths: [at],
        cache: buffer.view(1),
      })
      buffer.append(fresh, end - at, [at])
      sequence.length = end
      cache.store(sequence.keys.slice(0, Math.floor(end / sizes.block)), buffer, 0)
      return end === prompt.length ? logits : undefined
    },
  }
}
