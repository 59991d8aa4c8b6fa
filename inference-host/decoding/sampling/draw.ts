import { type Candidates, createCandidates, narrow, weigh } from './candidates.ts'
import { SPAN } from './decay.ts'
import { argmax } from './greedy.ts'
import { likeliest } from './likeliest.ts'
import { createNucleus } from './nucleus.ts'
import type { Resolved } from './settings.ts'

/** Draws a token id from logits, or gives -1 where no token is possible. */
export type Draw = (logits: Float32Array, point: number) => number

/**
 * Sampling at a temperature above 0. Then come top_k, top_p and min_p in the order of Hugging Face's warpers, each on
 * the candidates that the last one left. `point` in [0, 1) says where the token lies in the remaining probability. The
 * vocabulary is never sorted: top_k keeps a heap, and top_p finds the end of its share by a histogram.
 */
export function createDraw({
  temperature,
  topP,
  topK,
  minP,
}: Pick<Resolved, 'temperature' | 'topP' | 'topK' | 'minP'>): Draw {
  const span = minP > 0 ? Math.min(SPAN, -Math.log(Math.min(1, minP))) : SPAN
  const cut = topP < 1 ? createNucleus(topP) : undefined
  let candidates = createCandidates(0)

  return function draw(logits, point) {
    const highest = logits[argmax(logits)] ?? Number.NaN
    if (!Number.isFinite(highest)) return -1
    const chosen = topK > 0 && topK < logits.length ? likeliest(logits, topK) : undefined
    const length = chosen?.length ?? logits.length
    if (candidates.ids.length < length) candidates = createCandidates(length)
    weigh(candidates, { logits, highest, temperature, chosen, span: cut === undefined ? span : SPAN })
    cut?.(candidates)
    if (cut !== undefined && span < SPAN) narrow(candidates, (i) => (candidates.below[i] ?? SPAN) <= span)
    return pick(candidates, point)
  }
}

/** The id at the share `point` of the candidates' weight. */
function pick({ ids, weights, count }: Candidates, point: number): number {
  let total = 0
  for (let i = 0; i < count; i++) total += weights[i] ?? 0
  let left = point * total
  let heaviest = 0
  let most = 0
  for (let i = 0; i < count; i++) {
    const weight = weights[i] ?? 0
    left -= weight
    if (left < 0) return ids[i] ?? -1
    if (weight <= most) continue
    most = weight
    heaviest = i
  }
  // Rounding can leave a rest after the last candidate. The heaviest is then as good an answer as any.
  return ids[heaviest] ?? -1
}
