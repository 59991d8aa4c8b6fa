import { createCaches } from './caches.ts'
import { chunkRunner } from './chunk-run.ts'
import { createDebts } from './debts.ts'
import type { Decoder } from './decoder.ts'
import { createEndings } from './endings.ts'
import { laneRunner } from './lane-run.ts'
import { createPace, type Pace } from './pace.ts'
import { createPrefill } from './prefill.ts'
import { type BatchRequest, createSequence } from './request.ts'
import { SIZES, type Sizes } from './sizes.ts'
import { createBatchSlots } from './slots.ts'
import { createStep } from './step.ts'
import { createTally, type Tally } from './tally.ts'

/** Generates for many requests at once on one decoder. */
export type BatchEngine = {
  /** Takes a request; all its calls come later. @throws RangeError where it does not fit the context at all. */
  submit(request: BatchRequest): void
  stats(): BatchStats
  /** Gives up idle buffers, but not the prefix cache. Does nothing while requests are under way. */
  trim(): void
  /** Ends all requests as stopped, after the call that runs now. */
  close(): Promise<void>
}

/** A moment's state, in requests, tokens, blocks and bytes; and the counts since the start. */
export type BatchStats = {
  queued: number
  prefilling: number
  decoding: number
  kvTokens: number
  memoryUsed: number
  memoryPeak: number
  memoryLimit: number
  prefixBlocks: number
} & Tally

type Options = {
  decoder: Decoder
  /** Requests that may be under way at once. The others wait in order of arrival. */
  slots: number
  /** Bytes for all caches: those of running requests and of prefixes. */
  memoryBytes: number
  /** The most tokens of prompt and output together. */
  context: number
  /**
   * The most sequences in one call, without a limit by default. 1 is for kernels that round one row otherwise than
   * several, where outputs must still equal those of a sequence alone. It is much slower; `verifyServingForm` measures
   * whether it is needed. It cannot be set for caches on a device, which are read from their first row on.
   */
  rowsPerCall?: number
  /** Milliseconds on a steady clock. */
  now: () => number
  /** Token sequences at the start of prompts. All accounts may share their computed prefix. */
  publicPrefixes?: readonly (readonly number[])[]
  sizes?: Sizes
  pace?: Pace
}

/**
 * An engine that requests join and leave between steps: see `createStep`.
 * @throws RangeError where `memoryBytes` do not hold one request of `context` tokens, twice (see `createBatchSlots`),
 * or `rowsPerCall` is not for this decoder.
 */
export function createBatchEngine(options: Options): BatchEngine {
  const { decoder, slots: most, memoryBytes, context, now, publicPrefixes = [] } = options
  const { sizes = SIZES, pace = createPace(), rowsPerCall = most } = options
  if (decoder.createBuffer !== undefined && rowsPerCall < most)
    throw new RangeError('caches on a device are read from their first row on, so all rows go together')

  const { memory, tokens, staging, lanes, prefixes } = createCaches({ decoder, memoryBytes, context, sizes })
  const slots = createBatchSlots(most, tokens)
  const prefill = createPrefill({ decoder, staging, prefixes, sizes, context })
  const endings = createEndings({ slots, prefill, lanes, now })
  const tally = createTally()
  const debts = createDebts()
  const runChunk = chunkRunner({ prefill, lanes, endings, pace, tally, now })
  const runLane = laneRunner({ decoder, endings, rowsPerCall, tally, debts, now })
  const step = createStep({ prefill, lanes, pace, debts, sweep, runChunk, runLane, now })
  let working: Promise<void> | undefined
  let closed = false

  function sweep(): void {
    for (const sequence of [...slots.holders, ...slots.queued])
      if (closed || sequence.request.stopped()) endings.end(sequence, { how: 'stopped' })
    for (let next = slots.giveNext(); next !== undefined; next = slots.giveNext()) prefill.add(next)
  }

  async function work(): Promise<void> {
    for (sweep(); slots.holders.size > 0; sweep())
      try {
        await step()
      } catch (cause) {
        // Nothing that a step holds can be trusted any more. All that wait for it have to hear of that.
        for (const sequence of slots.holders) endings.end(sequence, { how: 'failed', cause })
      }
    // In the same turn as the last look for work. So a request that comes later sees that it has to start the loop
    // anew.
    working = undefined
  }

  return {
    submit(request) {
      slots.enqueue(createSequence(request, { sizes, context, publicPrefixes }))
      working ??= Promise.resolve().then(work)
    },
    stats: () => ({
      queued: slots.queued.length,
      prefilling: prefill.waiting.length,
      decoding: lanes.members.length,
      kvTokens: [...slots.holders].reduce((sum, { length }) => sum + length, 0),
      memoryUsed: memory.used,
      memoryPeak: memory.peak,
      memoryLimit: memory.limit,
      prefixBlocks: prefixes.blocks,
      ...tally.read(),
    }),
    trim() {
      if (slots.holders.size > 0) return
      staging.tighten()
      lanes.tighten()
    },
    async close() {
      closed = true
      await working
    },
  }
}
