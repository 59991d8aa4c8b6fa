import { setImmediate } from 'node:timers/promises'
import type { Decoder } from './decoder.ts'
import { hostBuffers, type KvBuffer } from './kv-buffer.ts'
import type { Lane } from './lane.ts'
import { createLanes } from './lanes.ts'
import { createMemory } from './memory.ts'
import { createPace, type Pace } from './pace.ts'
import { type Chunk, NEWCOMERS, type Turn, turnOf } from './plan.ts'
import { createPrefill } from './prefill.ts'
import { createPrefixCache } from './prefix-cache.ts'
import { type BatchEnd, type BatchRequest, createSequence, type Sequence, takeToken } from './request.ts'
import { bytesPerToken } from './shape.ts'
import { laneFor, SIZES, type Sizes } from './sizes.ts'
import { createAdmission } from './slots.ts'
import { createStaging } from './staging.ts'
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
  /** Requests that may be under way at once; more wait in the order in which they came. */
  slots: number
  /** Bytes for all caches: those of running requests and of prefixes. */
  memoryBytes: number
  /** The most tokens of prompt and output together. */
  context: number
  /**
   * The most sequences in one call, without a limit by default. 1 is for kernels that round one row otherwise than
   * several, where outputs must be those of a sequence alone all the same: much slower, measured by `verifyServingForm`.
   * Not for caches on a device, which are read from their first row on.
   */
  rowsPerCall?: number
  /** Milliseconds on a steady clock. */
  now: () => number
  /** Token sequences whose computed prefix all accounts may share. */
  publicPrefixes?: readonly (readonly number[])[]
  sizes?: Sizes
  pace?: Pace
}

/**
 * An engine whose requests join and leave between steps. A step computes some prompt tokens, as many as `pace` grants,
 * and then one token for each running sequence, all of a lane in one call.
 * @throws RangeError where `memoryBytes` do not hold one request of `context` tokens, twice (see `createAdmission`), or
 * `rowsPerCall` is not for this decoder.
 */
export function createBatchEngine(options: Options): BatchEngine {
  const { decoder, slots, memoryBytes, context, now, publicPrefixes = [] } = options
  const { sizes = SIZES, pace = createPace(), rowsPerCall = slots } = options
  const { shape } = decoder
  if (decoder.createBuffer !== undefined && rowsPerCall < slots)
    throw new RangeError('caches on a device are read from their first row on, so all rows go together')
  const held = Math.floor(memoryBytes / bytesPerToken(shape))
  if (held < 2 * laneFor(context, context, sizes))
    throw new RangeError(
      `${memoryBytes} bytes of cache hold ${held} tokens; a context of ${context} needs twice that many`,
    )

  const memory = createMemory(memoryBytes)
  const createBuffer = decoder.createBuffer ?? hostBuffers(shape)
  const staging = createStaging(shape, memory, createBuffer)
  const lanes = createLanes<Sequence>(shape, memory, sizes, context, createBuffer)
  const cache = createPrefixCache(shape, memory, sizes.block, createBuffer)
  memory.onShortage(staging.tighten)
  memory.onShortage(lanes.tighten)
  memory.onShortage(cache.release)
  const admission = createAdmission(slots, held)
  const prefill = createPrefill({ decoder, staging, cache, sizes, context })
  const tally = createTally()
  let working: Promise<void> | undefined
  let closed = false
  let turn = 0

  function settle(
    sequence: Sequence,
    end: { how: 'finished' | 'stopped' } | { how: 'failed'; cause: unknown },
  ): void {
    prefill.remove(sequence)
    lanes.remove(sequence)
    admission.release(sequence)
    sequence.request.ended({ ...sequence.counted, ...end } satisfies BatchEnd)
  }

  /** Ends those that were told to stop, then lets in those that wait. */
  function sweep(): void {
    for (const sequence of [...admission.admitted, ...admission.queued])
      if (closed || sequence.request.stopped()) settle(sequence, { how: 'stopped' })
    for (let next = admission.admit(); next !== undefined; next = admission.admit()) prefill.add(next)
  }

  /** Gives a sequence its next token. True while it goes on. */
  function advance(sequence: Sequence, logits: Float32Array): boolean {
    try {
      const over = takeToken(sequence, logits)
      if (over) settle(sequence, { how: 'finished' })
      return !over
    } catch (cause) {
      settle(sequence, { how: 'failed', cause })
      return false
    }
  }

  async function runChunk(chunk: Chunk): Promise<void> {
    const sequence = prefill.waiting[chunk.index] as Sequence
    const began = now()
    try {
      const logits = await prefill.compute(chunk)
      const ms = now() - began
      pace.sawChunk(chunk.tokens, ms)
      tally.chunk(chunk.tokens, ms)
      sequence.counted.computeMs += ms
      if (logits === undefined) return
      tally.prompt(sequence.counted)
      if (!advance(sequence, logits)) return
      if (sequence.staged !== undefined) lanes.add(sequence, sequence.staged, 0)
      prefill.remove(sequence)
    } catch (cause) {
      sequence.counted.computeMs += now() - began
      settle(sequence, { how: 'failed', cause })
    }
  }

  /** One call for the members from `first` on. Resolves with their logits. */
  async function runRows(lane: Lane<Sequence>, buffer: KvBuffer, first: number): Promise<Float32Array> {
    const rows = lane.members.slice(first, first + rowsPerCall)
    const lengths = rows.map(({ length }) => length)
    const began = now()
    const { logits, fresh } = await decoder.run({
      ids: BigInt64Array.from(rows, ({ next }) => BigInt(next)),
      columns: 1,
      lengths,
      cache: buffer.view(rows.length, first),
    })
    buffer.append(fresh, 1, lengths, first)
    const ms = now() - began
    tally.step(rows.length, ms)
    for (const sequence of rows) {
      sequence.length++
      sequence.counted.computeMs += ms / rows.length
    }
    return logits
  }

  async function runLane(lane: Lane<Sequence>): Promise<void> {
    const members = [...lane.members]
    const logits: Float32Array[] = []
    try {
      const buffer = lane.fit()
      for (let first = 0; first < members.length; first += rowsPerCall)
        logits.push(await runRows(lane, buffer, first))
    } catch (cause) {
      for (const sequence of members.toReversed()) settle(sequence, { how: 'failed', cause })
      return
    }
    // From the last on: those that end then leave without another being moved into their place first.
    for (let i = members.length - 1; i >= 0; i--) {
      const row = i % rowsPerCall
      const own = logits[Math.floor(i / rowsPerCall)]?.subarray(row * shape.vocab, (row + 1) * shape.vocab)
      advance(members[i] as Sequence, own as Float32Array)
    }
  }

  /** Requests that came during the last call are heard of only now: they may be first in the next. */
  async function listen(): Promise<void> {
    await setImmediate()
    sweep()
  }

  function planned(budget: number, turn: Turn): Chunk | undefined {
    const running = new Set(lanes.members.map(({ request }) => request.namespace))
    return prefill.plan(budget, turn, ({ request }) => !running.has(request.namespace))
  }

  async function step(): Promise<void> {
    turn++
    await listen()
    const whole = pace.budget(lanes.members.length, prefill.waiting.length)
    for (let budget = whole; budget >= 2; ) {
      const chunk = planned(budget, turnOf(turn))
      if (chunk === undefined) break
      budget -= chunk.tokens
      await runChunk(chunk)
      await listen()
    }
    // One more for somebody who came meanwhile and has nothing yet, rather than after a whole step of the others.
    const late = planned(whole, NEWCOMERS)
    if (late?.newcomer && lanes.members.length > 0) await runChunk(late)
    sweep()
    const began = now()
    lanes.promote()
    for (const lane of lanes.active()) {
      await runLane(lane)
      sweep()
    }
    if (lanes.members.length > 0) pace.sawDecoding(now() - began)
  }

  async function work(): Promise<void> {
    for (sweep(); admission.admitted.size > 0; sweep())
      try {
        await step()
      } catch (cause) {
        // Nothing that a step holds can be trusted any more; whoever waits for it has to hear of that.
        for (const sequence of admission.admitted) settle(sequence, { how: 'failed', cause })
      }
    // In the same breath as the last look for work: a request that comes later finds that it has to start anew.
    working = undefined
  }

  return {
    submit(request) {
      const sequence = createSequence(request, { sizes, context, publicPrefixes })
      admission.enqueue(sequence)
      working ??= Promise.resolve().then(work)
    },
    stats: () => ({
      queued: admission.queued.length,
      prefilling: prefill.waiting.length,
      decoding: lanes.members.length,
      kvTokens: [...admission.admitted].reduce((sum, { length }) => sum + length, 0),
      memoryUsed: memory.used,
      memoryPeak: memory.peak,
      memoryLimit: memory.limit,
      prefixBlocks: cache.blocks,
      ...tally.read(),
    }),
    trim() {
      if (admission.admitted.size > 0) return
      staging.tighten()
      lanes.tighten()
    },
    async close() {
      closed = true
      await working
    },
  }
}
