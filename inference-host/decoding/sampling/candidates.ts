import { decay } from './decay.ts'

/**
 * Tokens that may be drawn, how far each lies below the likeliest in units of the temperature, and its unnormalized
 * probability (the likeliest of all weighs 1). Entries beyond `count` mean nothing.
 */
export type Candidates = { ids: Int32Array; below: Float64Array; weights: Float64Array; count: number }

export function createCandidates(length: number): Candidates {
  return {
    ids: new Int32Array(length),
    below: new Float64Array(length),
    weights: new Float64Array(length),
    count: 0,
  }
}

type From = {
  logits: Float32Array
  highest: number
  temperature: number
  /** Ids to take, in this order; every one where undefined. */
  chosen: readonly number[] | undefined
  /** How far below the likeliest the last ones may lie. */
  span: number
}

/** Fills `into` anew. It must have room for all ids to take. */
export function weigh(into: Candidates, { logits, highest, temperature, chosen, span }: From): void {
  const { ids, below, weights } = into
  const length = chosen?.length ?? logits.length
  let count = 0
  for (let i = 0; i < length; i++) {
    const id = chosen === undefined ? i : (chosen[i] ?? -1)
    const distance = (highest - (logits[id] ?? Number.NEGATIVE_INFINITY)) / temperature
    if (!(distance <= span)) continue
    ids[count] = id
    below[count] = distance
    weights[count++] = decay(distance)
  }
  into.count = count
}

/** Keeps, in their order, the candidates where `keeps` of their place is true. */
export function narrow(candidates: Candidates, keeps: (place: number) => boolean): void {
  const { ids, below, weights, count } = candidates
  let kept = 0
  for (let i = 0; i < count; i++) {
    if (!keeps(i)) continue
    ids[kept] = ids[i] ?? -1
    below[kept] = below[i] ?? 0
    weights[kept++] = weights[i] ?? 0
  }
  candidates.count = kept
}
