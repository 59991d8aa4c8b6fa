import { readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { InferenceSession } from 'onnxruntime-node'
import { computesInInt8, useFloat32Activations } from './int8-activations.ts'
import { decodeOnnx, encodeOnnx, type OnnxSource, pointAtWeights } from './onnx-file.ts'
import type { ModelProto } from './onnx-schema.ts'
import { runOriginal, type Session, type Transcript } from './original-run.ts'
import type { ServingDescription } from './rewrite.ts'
import { startSlots } from './serving-run.ts'

/** The largest differences between logits of the original and of the serving form. */
export type Difference = {
  /** Each prompt in a slot of its own, one slot a call. */
  alone: number
  /** Steps of all slots at once, of different lengths. */
  batch: number
}

/**
 * What was compared. `float32` is the same with float32 activations, measured where int8 ones would only magnify
 * rounding, and where a batch is not exact. A GroupQueryAttention export whose `measured.batch` is above zero is
 * right, but this machine's kernels round one row otherwise than several (seen: 4-bit MatMulNBits with int8
 * activations on AVX2 without VNNI; two rows or more agree exactly with each other).
 */
export type Verified = { measured: Difference; float32: Difference | undefined }

/** What float32 activations may differ by: spelled-out attention sums over longer, masked rows. */
export const TOLERANCE = 1e-3

/** Of different lengths, so that a step mixes them; the longest is cut into chunks. */
const LENGTHS = [3, 12, 6]
/** Tokens chosen after each prompt: behind the prompt itself, behind steps of a slot alone, behind steps together. */
const STEPS = 5
const FIRST_TOGETHER = 3
const CAPACITY = 32
/** Far from anything that a cache holds, but finite: reading an unused column would show. */
const GARBAGE = 97

export type VerifyRequest = {
  modelFile: string
  /** In the same folder. */
  servingFile: string
  description: ServingDescription
  /** ONNX Runtime's threads within an operator. */
  threads: number
  /** Devices to compare on, as ONNX Runtime names them; `cpu` by default. */
  executionProviders?: readonly string[]
}

/**
 * Runs an original and its serving form on a few prompts, computing on the calling thread, and compares the logits of
 * every step. Attention by GroupQueryAttention has to be equal to the last bit for slots alone, and for batches
 * where the machine's kernels allow it, else to 1e-3 with float32 activations; the spelled-out family to 1e-3 with
 * float32 activations throughout.
 * @returns What was measured, or why the serving form must not be used. A session that cannot be created counts as
 * such a reason; it may also harm later sessions of this process, which is why a child process should do this.
 * @throws What the file system throws.
 */
export async function verifyServingForm(request: VerifyRequest): Promise<Verified | { unsupported: string }> {
  const { modelFile, servingFile, description, threads, executionProviders = ['cpu'] } = request
  const open = (file: string) =>
    InferenceSession.create(file, { intraOpNumThreads: threads, executionProviders })
  const between = async (original: string, serving: string) => {
    try {
      return await compare(open, original, serving, description)
    } catch (cause) {
      return { unsupported: `it does not run: ${firstLine(cause)}` }
    }
  }
  const measured = await between(modelFile, servingFile)
  if ('unsupported' in measured) return measured
  const { alone, batch } = measured
  const exact = description.family === 'gqa'
  if (exact && alone !== 0) return { unsupported: `its logits differ from the original's by ${alone}` }
  if (alone === 0 && batch === 0) return { measured, float32: undefined }

  const float32 = (await withFloat32Activations(modelFile, servingFile, between)) ?? measured
  if ('unsupported' in float32) return float32
  const worst = Math.max(float32.alone, float32.batch)
  // Not `>`: a NaN has to count as wrong.
  if (!(worst <= TOLERANCE))
    return { unsupported: `its logits differ from the original's by ${worst} with float32 activations` }
  return { measured, float32 }
}

type Open = (file: string) => Promise<Session & { release(): Promise<void> }>

async function compare(
  open: Open,
  original: string,
  serving: string,
  form: ServingDescription,
): Promise<Difference> {
  const transcripts = await using(open, original, (session) =>
    inTurn(LENGTHS, (length, i) => runOriginal(session, form, promptOf(length, i, form.vocab), STEPS)),
  )
  return using(open, serving, (session) => follow(session, form, transcripts))
}

async function using<T>(open: Open, file: string, use: (session: Session) => Promise<T>): Promise<T> {
  const session = await open(file)
  try {
    return await use(session)
  } finally {
    await session.release()
  }
}

/** Walks a serving form along transcripts: prompts in chunks, then steps of each slot alone, then of all together. */
async function follow(
  session: Session,
  form: ServingDescription,
  transcripts: readonly Transcript[],
): Promise<Difference> {
  const slots = startSlots(session, form, transcripts.length, CAPACITY, GARBAGE)
  const all = transcripts.map((_, slot) => slot)
  const difference = { alone: 0, batch: 0 }
  const check = (kind: keyof Difference, slot: number, step: number, found: Float32Array | undefined) => {
    difference[kind] = larger(difference[kind], found, transcripts[slot]?.logits[step])
  }
  for (const slot of all) {
    const prompt = transcripts[slot]?.prompt ?? []
    const chunks = prompt.length > 10 ? [prompt.slice(0, 5), prompt.slice(5)] : [prompt]
    const logits = await inTurn(chunks, (chunk) => slots.step([slot], [chunk]))
    check('alone', slot, 0, logits.at(-1)?.[0])
  }
  for (let step = 1; step < STEPS; step++) {
    const kind = step < FIRST_TOGETHER ? 'alone' : 'batch'
    for (const group of kind === 'batch' ? [all] : all.map((slot) => [slot])) {
      const tokens = group.map((slot) => [transcripts[slot]?.chosen[step - 1] ?? 0])
      const logits = await slots.step(group, tokens)
      for (const [row, slot] of group.entries()) check(kind, slot, step, logits[row])
    }
  }
  return difference
}

/** The larger of a difference and those between two rows; NaN where a number is none or missing. */
function larger(than: number, found: Float32Array = new Float32Array(1), wanted?: Float32Array): number {
  let worst = than
  // Math.max keeps a NaN, which then is wrong for every comparison.
  for (let i = 0; i < found.length; i++)
    worst = Math.max(worst, Math.abs((found[i] ?? Number.NaN) - (wanted?.[i] ?? Number.NaN)))
  return worst
}

/**
 * Compares copies of both files whose quantized products compute in float32; they lie beside them, for a moment.
 * @returns undefined where they do so anyhow.
 */
async function withFloat32Activations<T>(
  modelFile: string,
  servingFile: string,
  between: (original: string, serving: string) => Promise<T>,
): Promise<T | undefined> {
  const copies = [`${servingFile}.float32-original`, `${servingFile}.float32-serving`] as const
  try {
    for (const [i, file] of [modelFile, servingFile].entries()) {
      const source: OnnxSource = { bytes: await readFile(file), name: path.basename(file) }
      const model: ModelProto = decodeOnnx(source.bytes)
      if (!computesInInt8(model)) return undefined
      useFloat32Activations(model)
      pointAtWeights(model, source)
      await writeFile(copies[i] ?? copies[0], encodeOnnx(model))
    }
    return await between(...copies)
  } finally {
    for (const copy of copies) await rm(copy, { force: true })
  }
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

function firstLine(cause: unknown): string {
  return String(cause instanceof Error ? cause.message : cause).split('\n')[0] ?? ''
}
