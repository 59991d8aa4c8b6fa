import { InferenceSession } from 'onnxruntime-node'
import type { Device } from '../../device/port.ts'
import { at } from '../../platform/at.ts'
import { openDecoder } from '../batching/open-decoder.ts'
import { startDeviceSlots } from './device-slots.ts'
import { runOriginal, type Transcript } from './original-run.ts'
import type { ServingDescription } from './rewrite.ts'
import { type Slots, startSlots } from './serving-run.ts'
import { wideColumns } from './wide-cache.ts'

/** The largest differences between logits of the original and of the serving form. */
export type Difference = {
  /** Each prompt in a slot of its own, one slot a call. */
  alone: number
  /** Steps of an odd number of slots at once, of different lengths. */
  batch: number
  /** Steps of an even number. */
  even: number
  /** One slot in a cache as wide as the model can be served with; 0 where the attention operator takes lengths. */
  wide: number
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
const KINDS: readonly Kind[] = ['alone', 'alone', 'batch', 'batch', 'even', 'even']
/** Tokens chosen after each prompt. */
const STEPS = KINDS.length + 1
/** Far from anything that a cache holds, but finite: reading an unused column would show. */
const GARBAGE = 97

type Kind = 'alone' | 'batch' | 'even'

/** Which prompt is read in a wide cache: one that is cut, so that its second part reads what the first has written. */
const WIDE = { cpu: 1, gpu: 0 }

type Options = {
  /** Where the serving form runs. The original always runs on the CPU. */
  device: Device
  threads: number
  /** The most new tokens in a call; no limit by default. */
  mostColumns?: number
  /** No more is compared once a difference is larger than this. */
  limit?: number
  /** Tokens that the model can hold; see wideColumns. */
  context?: number | undefined
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
  return using(openSession(serving, options), async ({ session }) => {
    const slots = startSlots(session, form, transcripts.length, capacity, GARBAGE)
    const difference = await follow(slots, transcripts, cuts, options)
    if (form.family === 'gqa' || !isWithin(difference, options.limit)) return difference
    const wide = startSlots(session, form, 1, wideColumns(form, options.context))
    return {
      ...difference,
      wide: await followAlone(wide, at(transcripts, WIDE[kind]), at(cuts, WIDE[kind]), options),
    }
  })
}

/** Walks a form along one transcript: its prompt in chunks, then a step. */
async function followAlone(
  slots: Slots,
  { prompt, chosen, logits }: Transcript,
  cut: number,
  { mostColumns }: Options,
): Promise<number> {
  const chunks = cutAt(prompt, cut, mostColumns)
  const read = await inTurn(chunks, (chunk) => slots.step([0], [chunk]))
  const stepped = await slots.step([0], [[at(chosen, 0)]])
  return larger(larger(0, read.at(-1)?.[0], logits[0]), stepped[0], logits[1])
}

/** Whether no difference is larger than a limit. Not `>`: a NaN has to count as wrong. */
export function isWithin(found: Difference, limit = Number.POSITIVE_INFINITY): boolean {
  return Math.max(...Object.values(found)) <= limit
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
  { mostColumns, limit }: Options,
): Promise<Difference> {
  const all = transcripts.map((_, slot) => slot)
  const difference = { alone: 0, batch: 0, even: 0, wide: 0 }
  const check = (kind: Kind, slot: number, step: number, found: Float32Array | undefined) => {
    difference[kind] = larger(difference[kind], found, transcripts[slot]?.logits[step])
  }
  const enough = () => !isWithin(difference, limit)
  for (const slot of all) {
    const chunks = cutAt(transcripts[slot]?.prompt ?? [], cuts[slot] ?? 0, mostColumns)
    const logits = await inTurn(chunks, (chunk) => slots.step([slot], [chunk]))
    check('alone', slot, 0, logits.at(-1)?.[0])
    if (enough()) return difference
  }
  const groups: Record<Kind, number[][]> = {
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
function cutAt(prompt: readonly number[], cut: number, most = Number.POSITIVE_INFINITY): number[][] {
  const chunks: number[][] = []
  for (let start = 0, end = 0; start < prompt.length; start = end) {
    end = Math.min(start < cut ? cut : prompt.length, start + most)
    chunks.push(prompt.slice(start, end))
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
