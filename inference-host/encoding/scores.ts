/** Logits as probabilities that sum to 1. */
export function softmax(logits: ArrayLike<number>): number[] {
  const values = Array.from(logits)
  const most = values.reduce((so, value) => Math.max(so, value), Number.NEGATIVE_INFINITY)
  const weights = values.map((value) => Math.exp(value - most))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return weights.map((weight) => weight / total)
}

/** A logit as a probability of its own. */
export function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-logit))
}

/** Places of the `most` highest values, the highest first; of equal ones the first. One pass, for vocabularies. */
export function highest(values: ArrayLike<number>, most: number): number[] {
  const places: number[] = []
  const value = (at: number) => values[places[at] ?? 0] ?? 0
  for (let place = 0; place < values.length; place++) {
    const own = values[place] ?? 0
    if (places.length === most && !(own > value(most - 1))) continue
    let at = Math.min(places.length, most - 1)
    for (; at > 0 && own > value(at - 1); at--) places[at] = places[at - 1] ?? 0
    places[at] = place
  }
  return places
}
