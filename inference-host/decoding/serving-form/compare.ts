import { InferenceSession } from 'onnxruntime-node'
import type { Device } from '../../device/port.ts'
import { openDecoder } from '../batching/open-decoder.ts'
import { startDeviceSlots } from './device-slots.ts'
import { runOriginal, type Transcript } from './original-run.ts'
import type { ServingDescription } from './rewrite.ts'
import { type Slots, startSlots } from './serving-run.ts'

/** The largest differences between logits of the original and of the serving form. */
export type Difference = {
  /** Each prompt in a slot of its own, one slot a call. */
  alone: number
  /** Steps of an odd number of slots at once, of different lengths. */
  batch: number
  /** Steps of an even number. */
  even: number
}

/**
 * Prompts of different lengths, so that a step mixes them, and where they are cut into chunks. A GPU's kernels change
 * with the number of new tokens, for example at 32 (ONNX Runtime 1.30, flash_attention.cc), so it gets a longer prompt.
 */
const PROMPTS = {
  cpu: [
    { length: 3, cut: 3 },
    { length: 12, cut: 4 },
    { length: 6, cut: 6 },
    { length: 9, cut: 4 },
  ],
  gpu: [
    { length: 72, cut: 40 },
    { length: 3, cut: 3 },
    { length: 12, cut: 4 },
    { length: 9, cut: 4 },
  ],
}
const CAPACITY = { cpu: 32, gpu: 96 }
/** What the steps after each prompt's own are: each slot alone, all but the last together, all of them. */
const KINDS: readonly (keyof Difference)[] = ['alone', 'alone', 'batch', 'batch', 'even', 'even']
/** Tokens chosen after each prompt. */
const STEPS = KINDS.length + 1
/** Far from anything that a cache holds, but finite: reading an unused column would show. */
const GARBAGE = 97

type Options = {
  /** Where the serving form runs. The original always runs on the CPU. */
  device: Device
  threads: number
  /** The most new tokens in a call; no limit by default. */
  mostColumns?: number
  /** No more is compared once a difference is larger than this. */
  limit?: number
}

/**
 * Runs an original on the CPU and its serving form on a device, on the same prompts, and compares the logits of every
 * step. Both read what the original chose.
 */
export async function compare(
  original: string,
  serving: string,
  form: ServingDescription,
  options: Options,
): Promise<Difference> {
  const { device } = options
  const kind = device === 'cpu' ? 'cpu' : 'gpu'
  const transcripts = await using(openSession(original, { ...options, device: 'cpu' }), ({ session }) =>
    inTurn(PROMPTS[kind], ({ length }, i) =>
      runOriginal(session, form, promptOf(length, i, form.vocab), STEPS),
    ),
  )
  const capacity = CAPACITY[kind]
  const cuts = PROMPTS[kind].map(({ cut }) => cut)
  if (form.newLayout === 'in-place')
    return using(openDecoder(serving, form, { ...options, grain: CAPACITY.cpu }), (decoder) =>
      follow(startDeviceSlots(decoder, transcripts.length, capacity), transcripts, cuts, options),
    )
  return using(openSession(serving, options), ({ session }) =>
    follow(startSlots(session, form, transcripts.length, capacity, GARBAGE), transcripts, cuts, options),
  )
}

async function openSession(file: string, { device, threads }: Pick<Options, 'device' | 'threads'>) {
  const session = await InferenceSession.create(file, {
    intraOpNumThreads: threads,
    executionProviders: [device],
  })
  return { session, close: () => session.release() }
}

async function using<R extends { close(): Promise<void> }, T>(
  opening: Promise<R>,
  use: (opened: R) => Promise<T>,
): Promise<T> {
  const opened = await opening
  try {
    return await use(opened)
  } finally {
    await opened.close()
  }
}

/** Walks a serving form along transcripts: prompts in chunks, then steps of each slot alone, then of all together. */
async function follow(
  slots: Slots,
  transcripts: readonly Transcript[],
  cuts: readonly number[],
  { mostColumns = Number.POSITIVE_INFINITY, limit = Number.POSITIVE_INFINITY }: Options,
): Promise<Difference> {
  const all = transcripts.map((_, slot) => slot)
  const difference = { alone: 0, batch: 0, even: 0 }
  const check = (kind: keyof Difference, slot: number, step: number, found: Float32Array | undefined) => {
    difference[kind] = larger(difference[kind], found, transcripts[slot]?.logits[step])
  }
  const enough = () => !(Math.max(...Object.values(difference)) <= limit)
  for (const slot of all) {
    const chunks = cutAt(transcripts[slot]?.prompt ?? [], cuts[slot] ?? 0, mostColumns)
    const logits = await inTurn(chunks, (chunk) => slots.step([slot], [chunk]))
    check('alone', slot, 0, logits.at(-1)?.[0])
    if (enough()) return difference
  }
  const groups = {
    alone: all.map((slot) => [slot]),
    batch: [all.slice(0, -1), all.slice(-1)],
    even: [all],
  }
  for (const [place, kind] of KINDS.entries()) {
    if (enough()) break
    const step = place + 1
    for (const group of groups[kind]) {
      const tokens = group.map((slot) => [transcripts[slot]?.chosen[step - 1] ?? 0])
      const logits = await slots.step(group, tokens)
      for (const [row, slot] of group.entries())
        check(group.length === 1 ? 'alone' : kind, slot, step, logits[row])
    }
  }
  return difference
}

/** A prompt in two chunks, or in as many as it takes where each may have `most` tokens. */
function cutAt(prompt: readonly number[], cut: number, most: number): number[][] {
  const chunks: number[][] = []
  for (let at = 0, end = 0; at < prompt.length; at = end) {
    end = Math.min(at < cut ? cut : prompt.length, at + most)
    chunks.push(prompt.slice(at, end))
  }
  return chunks
}

/** The larger of a difference and those between two rows; NaN where a number is none or missing. */
function larger(than: number, found: Float32Array = new Float32Array(1), wanted?: Float32Array): number {
  let worst = than
  // Math.max keeps a NaN, which then is wrong for every comparison.
  for (let i = 0; i < found.length; i++)
    worst = Math.max(worst, Math.abs((found[i] ?? Number.NaN) - (wanted?.[i] ?? Number.NaN)))
  return worst
}

/** Token ids that are spread over the vocabulary, always the same. */
function promptOf(length: number, which: number, vocab: number): number[] {
  return Array.from({ length }, (_, i) => (Math.imul(i + 1 + 31 * which, 2_654_435_761) >>> 8) % vocab)
}

async function inTurn<A, B>(items: readonly A[], each: (item: A, place: number) => Promise<B>): Promise<B[]> {
  const results: B[] = []
  for (const [place, item] of items.entries()) results.push(await each(item, place))
  return results
}
