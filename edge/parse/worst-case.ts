import type { Model } from '../../shared/catalog.ts'
import { unitsOf } from '../../shared/units.ts'

const utf8 = new TextEncoder()

/** The most that a request can use, in tokens and units. */
export type WorstCase = { promptTokens: number; outputTokens: number; units: number }

/**
 * The worst case of a request, known without a tokenizer. A byte-level or byte-fallback tokenizer never makes more
 * tokens of a text than it has UTF-8 bytes. The template adds a fixed number for each request and message. The output
 * is capped. No prompt is longer than the context, because the host refuses it before computing.
 * @param texts one entry for each message or input
 * @param outputTokens the cap on output tokens, 0 where none are generated
 * @param extraBytes what else the prompt holds: tools, and the markers around their calls
 */
export function worstCase(
  model: Model,
  texts: readonly string[],
  outputTokens: number,
  extraBytes = 0,
): WorstCase {
  let bytes = extraBytes
  for (const text of texts) bytes += utf8.encode(text).length
  const bound = bytes + model.overhead.request + texts.length * model.overhead.item
  // Inputs of an encoder each have a context of their own; messages of a chat share one.
  const most = model.context * (outputTokens === 0 ? texts.length : 1)
  const promptTokens = Math.min(bound, most)
  return { promptTokens, outputTokens, units: unitsOf(model.prices, { promptTokens, outputTokens }) }
}

/**
 * The worst case of pairs of texts that a model reads together. Each pair has a context of its own, so a text in
 * several pairs is computed and counted with each. A pair has at most the special tokens of two inputs.
 */
export function worstCaseOfPairs(model: Model, pairs: readonly (readonly [string, string])[]): WorstCase {
  // Each text is measured once, in however many pairs it is.
  const measured = new Map<string, number>()
  function bytesOf(text: string): number {
    const bytes = measured.get(text) ?? utf8.encode(text).length
    measured.set(text, bytes)
    return bytes
  }
  let promptTokens = model.overhead.request
  for (const [text, other] of pairs) {
    const bound = bytesOf(text) + bytesOf(other) + 2 * model.overhead.item
    promptTokens += Math.min(bound, model.context)
  }
  return { promptTokens, outputTokens: 0, units: unitsOf(model.prices, { promptTokens, outputTokens: 0 }) }
}
