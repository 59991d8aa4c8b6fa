import type { Tensor } from '@huggingface/transformers'
import { TwohopError } from '../../shared/errors.ts'
import type { Classification } from '../../shared/tasks.ts'
import { inputsOf, type Loaded } from '../device/load.ts'
import { checkReservation } from './limits.ts'
import type { Limits } from './port.ts'

/**
 * The token ids of each text, the model's start and end marks included; nothing is ever cut off.
 * @throws TwohopError `context_length_exceeded` with the path of the text that is too long, or
 * `prompt_exceeds_reservation` where all together are.
 */
export function encodeTexts(
  loaded: Loaded,
  texts: readonly string[],
  limits: Limits,
  field: string,
): number[][] {
  const encoded = texts.map((text) => loaded.tokenizer.encode(text))
  for (const [i, ids] of encoded.entries())
    if (ids.length > loaded.context)
      throw new TwohopError(
        'context_length_exceeded',
        `This text has ${ids.length} tokens; the model holds ${loaded.context}.`,
        { param: `${field}[${i}]` },
      )
  checkReservation(countTokens(encoded), limits)
  return encoded
}

export function countTokens(encoded: readonly (readonly number[])[]): number {
  return encoded.reduce((count, ids) => count + ids.length, 0)
}

/**
 * The sentence embedding of one text: the mean of its tokens' vectors, of length 1 where `normalize`.
 * Texts are run one by one: padding to the longest costs more than batching saves, and with int8 weights a text's
 * vector would depend on its neighbours, whose range of values it would share.
 */
export async function embed(
  loaded: Loaded,
  ids: readonly number[],
  normalize: boolean,
): Promise<Float32Array> {
  const outputs = (await loaded.model(inputsOf(ids))) as Record<string, Tensor | undefined>
  const states = outputs.last_hidden_state ?? outputs.token_embeddings
  if (states === undefined) throw new Error('the model gives no token vectors')
  return pool(states.to('float32').data as Float32Array, ids.length, normalize)
}

function pool(states: Float32Array, tokens: number, normalize: boolean): Float32Array {
  const width = states.length / tokens
  const mean = new Float64Array(width)
  for (let i = 0; i < states.length; i++) mean[i % width] = (mean[i % width] ?? 0) + (states[i] ?? 0) / tokens
  const length = normalize ? Math.hypot(...mean) || 1 : 1
  return Float32Array.from(mean, (value) => value / length)
}

/** A text's labels with their probabilities, the likeliest first, at most `topK`. */
export async function classify(
  loaded: Loaded,
  ids: readonly number[],
  topK: number | undefined,
): Promise<Classification[]> {
  const { logits } = (await loaded.model(inputsOf(ids))) as { logits: Tensor }
  const scores = Array.from(logits.to('float32').data as Float32Array)
  const several = loaded.config.problem_type === 'multi_label_classification'
  const probabilities = several ? scores.map((score) => 1 / (1 + Math.exp(-score))) : softmax(scores)
  return probabilities
    .map((score, i) => ({ label: loaded.config.id2label?.[i] ?? `LABEL_${i}`, score }))
    .sort((a, b) => b.score - a.score)
    .slice(0, topK)
}

function softmax(scores: readonly number[]): number[] {
  const highest = Math.max(...scores)
  const weights = scores.map((score) => Math.exp(score - highest))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return weights.map((weight) => weight / total)
}
