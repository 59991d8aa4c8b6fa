/** Plain, slow definitions that the samplers are held against. */

/** Probabilities of a softmax at a temperature, in float64. */
export function softmax(logits: ArrayLike<number>, temperature = 1): number[] {
  const highest = Math.max(...Array.from(logits))
  const weights = Array.from(logits, (logit) => Math.exp((logit - highest) / temperature))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return weights.map((weight) => weight / total)
}

/** Ids sorted by logit, highest first, of equal ones the lower id first. */
export function sorted(logits: ArrayLike<number>): number[] {
  return Array.from(logits, (_, id) => id).sort((a, b) => (logits[b] ?? 0) - (logits[a] ?? 0) || a - b)
}

/** The ids that top_k, then top_p, then min_p leave, likeliest first. */
export function kept(
  logits: ArrayLike<number>,
  {
    temperature = 1,
    topK = 0,
    topP = 1,
    minP = 0,
  }: { temperature?: number; topK?: number; topP?: number; minP?: number },
): number[] {
  const ids = sorted(logits).slice(0, topK > 0 ? topK : undefined)
  const weights = softmax(
    ids.map((id) => logits[id] ?? 0),
    temperature,
  )
  let held = 0
  const end = weights.findIndex((weight) => {
    held += weight
    return held >= topP - 1e-9
  })
  return ids
    .slice(0, end < 0 ? undefined : end + 1)
    .filter((_, i) => (weights[i] ?? 0) >= minP * (weights[0] ?? 0) - 1e-12)
}
