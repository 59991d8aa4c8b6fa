import { at } from '../../platform/at.ts'
import type { Decoder } from './decoder.ts'
import type { KvBuffer } from './kv-buffer.ts'
import { lastTogether, nextChunk, type Turn, type Waiting } from './plan.ts'
import type { PrefixCache } from './prefix-cache.ts'
import type { Sequence } from './request.ts'
import { laneFor, roundUp, type Sizes } from './sizes.ts'
import type { Staging } from './staging.ts'

/** The next tokens of a prompt that are computed together, and whether they are all of a newcomer's. */
export type Chunk = { sequence: Sequence; tokens: number; newcomer: boolean }

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
  prefixes: PrefixCache
  sizes: Sizes
  context: number
}

export function createPrefill({ decoder, staging, prefixes, sizes, context }: Options): Prefill {
  const waiting: Sequence[] = []
  const { shape } = decoder
  const { mostColumns = Number.POSITIVE_INFINITY } = shape
  /** Tokens of a prompt that are kept together: of other cuts the same tokens would come out otherwise. */
  const grain = Math.max(sizes.block, shape.fixedChunks ?? 0)

  /** The keys of the blocks that a prompt can take from the cache. */
  function reusable({ keys, request }: Sequence): readonly string[] {
    const { length } = request.prompt
    const most = Math.max(0, length - lastTogether(length, shape))
    const held = Math.min(most, prefixes.held(keys) * sizes.block)
    return keys.slice(0, (held - (held % grain)) / sizes.block)
  }

  /** Gives a prompt its buffer, with the blocks that it can reuse in it. */
  function begin(sequence: Sequence): KvBuffer {
    const { prompt, started } = sequence.request
    // Taking memory can cost the cache some blocks, so it comes before they are counted.
    const buffer = staging.take(laneFor(prompt.length, context, sizes))
    sequence.staged = buffer
    const keys = reusable(sequence)
    buffer.setStride(strideFor(sequence, buffer, keys.length * sizes.block), [0])
    prefixes.restore(keys, buffer, 0)
    sequence.length = keys.length * sizes.block
    Object.assign(sequence.counted, { promptTokens: prompt.length, cachedPromptTokens: sequence.length })
    started(sequence.length)
    return buffer
  }

  /** Rows double as a prompt grows, because each call clears a whole row and each change of stride copies one. */
  function strideFor({ request }: Sequence, buffer: KvBuffer, tokens: number): number {
    let stride = sizes.stride
    while (stride < tokens) stride *= 2
    return Math.min(stride, roundUp(request.prompt.length, sizes.stride), buffer.tokens)
  }

  /** Keys of blocks that begun prompts are about to put into the cache. */
  function underWay(): Set<string> {
    const begun = waiting.filter(({ staged }) => staged !== undefined)
    return new Set(begun.flatMap(({ keys }) => keys.slice(prefixes.held(keys))))
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
        if (begun)
          return { left: length - sequence.length, begun, blocked: false, newcomer, at: sequence.length }
        const keys = reusable(sequence)
        const missing = sequence.keys[keys.length]
        const blocked = missing !== undefined && coming.has(missing)
        const reused = keys.length * sizes.block
        return { left: length - reused, begun, blocked, newcomer, at: reused }
      })
      const chunk = nextChunk(state, Math.min(budget, mostColumns), turn, shape)
      if (chunk === undefined) return undefined
      return { sequence: at(waiting, chunk.index), tokens: chunk.tokens, newcomer: chunk.newcomer }
    },

    async compute({ sequence, tokens }) {
      const buffer = sequence.staged ?? begin(sequence)
      const { prompt } = sequence.request
      const start = sequence.length
      const end = Math.min(start + tokens, prompt.length)
      if (end > buffer.stride) buffer.setStride(strideFor(sequence, buffer, end), [start])

      const { logits, fresh } = await decoder.run({
        ids: BigInt64Array.from(prompt.slice(start, end), BigInt),
        columns: end - start,
        lengths: [start],
        cache: buffer.view(1),
      })
      buffer.append(fresh, end - start, [start])
      sequence.length = end
      prefixes.store(sequence.keys.slice(0, (end - (end % grain)) / sizes.block), buffer, 0)
      return end === prompt.length ? logits : undefined
    },
  }
}
