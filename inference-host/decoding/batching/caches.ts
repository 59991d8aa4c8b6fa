import { createMemory, type Memory } from '../../platform/memory.ts'
import type { Decoder } from './decoder.ts'
import { hostBuffers } from './kv-buffer.ts'
import { createLanes, type Lanes } from './lanes.ts'
import { createPrefixCache, type PrefixCache } from './prefix-cache.ts'
import type { Sequence } from './request.ts'
import { bytesPerToken } from './shape.ts'
import { laneFor, type Sizes } from './sizes.ts'
import { createStaging, type Staging } from './staging.ts'

/** All caches of an engine, in one memory. */
export type Caches = {
  memory: Memory
  /** The tokens that the memory holds. */
  tokens: number
  staging: Staging
  lanes: Lanes<Sequence>
  prefixes: PrefixCache
}

type Options = {
  decoder: Pick<Decoder, 'shape' | 'createBuffer'>
  memoryBytes: number
  /** The most tokens of prompt and output together. */
  context: number
  sizes: Sizes
}

/**
 * Empty caches. Where memory is short, idle buffers go first, then unused slots, and prefixes last.
 * @throws RangeError where `memoryBytes` do not hold one request of `context` tokens, twice (see `createBatchSlots`).
 */
export function createCaches({ decoder, memoryBytes, context, sizes }: Options): Caches {
  const { shape, createBuffer = hostBuffers(shape) } = decoder
  const tokens = Math.floor(memoryBytes / bytesPerToken(shape))
  if (tokens < 2 * laneFor(context, context, sizes))
    throw new RangeError(
      `${memoryBytes} bytes of cache hold ${tokens} tokens; a context of ${context} needs twice that many`,
    )
  const memory = createMemory(memoryBytes)
  const staging = createStaging(shape, memory, createBuffer)
  const lanes = createLanes<Sequence>(shape, memory, sizes, context, createBuffer)
  const prefixes = createPrefixCache(shape, memory, sizes.block, createBuffer)
  memory.onShortage(staging.tighten)
  memory.onShortage(lanes.tighten)
  memory.onShortage(prefixes.release)
  return { memory, tokens, staging, lanes, prefixes }
}
