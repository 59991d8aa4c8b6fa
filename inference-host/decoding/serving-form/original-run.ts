import { type InferenceSession, Tensor } from 'onnxruntime-node'
import { floatsOf, floatTensor, refed, zeros } from '../../onnx/floats.ts'
import { named } from '../../onnx/named.ts'
import { argmax } from '../sampling/greedy.ts'
import { LOGITS_TO_KEEP, pastName } from './interface.ts'
import type { ServingDescription } from './rewrite.ts'

/** The part of an ONNX Runtime session that is used here. */
export type Session = Pick<InferenceSession, 'run' | 'inputNames' | 'outputNames'>

export function int64(values: readonly number[], dims: readonly number[]): Tensor {
  return new Tensor('int64', BigInt64Array.from(values, BigInt), dims)
}

function emptyCache(form: ServingDescription): Tensor {
  const dims = [1, form.kvHeads, 0, form.headDim]
  return floatTensor(zeros(form.kvType, 0), dims)
}

/** One prompt's way through the original: its greedy choices, and the logits behind each choice. */
export type Transcript = { prompt: readonly number[]; chosen: number[]; logits: Float32Array[] }

/**
 * Runs an original export as transformers.js does, one sequence alone: the whole prompt, then a token at a time with
 * `present` fed back as `past_key_values`, choosing greedily.
 * @param steps How many tokens to choose.
 */
export async function runOriginal(
  session: Session,
  form: ServingDescription,
  prompt: readonly number[],
  steps: number,
): Promise<Transcript> {
  const transcript: Transcript = { prompt, chosen: [], logits: [] }
  let ids = prompt
  let length = 0
  const cache: Record<string, Tensor> = {}
  for (let layer = 0; layer < form.layers; layer++)
    for (const part of ['key', 'value'] as const) cache[pastName(layer, part)] = emptyCache(form)
  for (let step = 0; step < steps; step++) {
    const feeds: Record<string, Tensor> = { ...cache, input_ids: int64(ids, [1, ids.length]) }
    feeds.attention_mask = int64(Array(length + ids.length).fill(1), [1, length + ids.length])
    if (session.inputNames.includes('position_ids'))
      feeds.position_ids = int64(
        ids.map((_, i) => length + i),
        [1, ids.length],
      )
    if (session.inputNames.includes(LOGITS_TO_KEEP)) feeds[LOGITS_TO_KEEP] = int64([1], [])
    const outputs = await session.run(feeds)
    for (const name of Object.keys(cache))
      cache[name] = refed(named(outputs, name.replace('past_key_values', 'present')))
    length += ids.length
    const logits = floatsOf(named(outputs, 'logits')).slice(-form.vocab)
    const token = argmax(logits)
    transcript.logits.push(logits)
    transcript.chosen.push(token)
    ids = [token]
  }
  return transcript
}
