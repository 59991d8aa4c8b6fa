import { argmax } from '../decoding/sampling/greedy.ts'
import { at } from '../platform/at.ts'
import { type CacheRow, gatherCache, type TokenBytes, tokenBytes } from './cache.ts'
import type { EncoderDecoder } from './encoder-decoder.ts'

/** What comes of computing texts together. Differences are between logits, as a part of the largest. */
export type Together = {
  /**
   * From a text alone: 0, or about 1e-6 where sums are taken in another order, or where kernels round rows otherwise.
   */
  difference: number
  /** From the same text beside another one. It shows a graph that scales by the largest value of all rows. */
  dependence: number
  bytes: TokenBytes
}

type Model = Pick<EncoderDecoder, 'read' | 'step'>
type Text = readonly number[]
/** The logits of a text at each step. */
type Course = readonly Float32Array[]

/** Steps that are compared, the first one included. */
const STEPS = 3

/** Computes `text` alone and beside two others of the same length, and compares what is written of it. */
export async function compareTogether(
  model: Model,
  text: Text,
  beside: Text,
  start: number,
): Promise<Together> {
  const another = beside.map((_, i) => text[i % text.length] ?? 0)
  const alone = await courseOf(model, [text], start)
  const first = await courseOf(model, [text, beside], start, alone.course)
  const second = await courseOf(model, [text, another], start, alone.course)
  return {
    difference: apart(alone.course, first.course),
    dependence: apart(first.course, second.course),
    bytes: alone.bytes,
  }
}

/** What is written of the first of some texts that are computed together. */
async function courseOf(
  model: Model,
  texts: readonly Text[],
  start: number,
  given?: Course,
): Promise<{ course: Course; bytes: TokenBytes }> {
  let step = await model.read(texts, start)
  const course = [at(step.logits, 0)]
  while (course.length < STEPS) {
    const token = argmax(at(given ?? course, course.length - 1))
    // Laid out anew each time, as happens where texts come and go.
    const rows = texts.map((_, row): CacheRow => ({ cache: step.cache, row }))
    step = await model.step(
      texts.map(() => token),
      gatherCache(rows),
    )
    course.push(at(step.logits, 0))
  }
  return { course, bytes: tokenBytes(step.cache) }
}

function apart(one: Course, other: Course): number {
  return Math.max(...one.map((logits, i) => distance(logits, at(other, i))))
}

/** The largest difference, as a part of the largest number; infinite where something is no number. */
function distance(expected: Float32Array, found: Float32Array): number {
  let [largest, farthest] = [0, 0]
  for (const [i, value] of expected.entries()) {
    // Tokens that are ruled out in both have no distance.
    if (value === Number.NEGATIVE_INFINITY && found[i] === value) continue
    largest = Math.max(largest, Math.abs(value))
    farthest = Math.max(farthest, Math.abs(value - (found[i] ?? Number.NaN)))
  }
  return Number.isNaN(farthest) ? Number.POSITIVE_INFINITY : farthest / Math.max(largest, Number.MIN_VALUE)
}
