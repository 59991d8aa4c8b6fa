import { type Candidates, narrow } from './candidates.ts'
import { SPAN } from './decay.ts'

const BINS = 2048

/**
 * Narrows candidates, in place and in their order, to the fewest heaviest that hold the share `topP` of their weight
 * (Holtzman et al., arXiv:1904.09751). Of equal ones the first are kept, and one is always left. A histogram over the
 * logarithm of the weight finds the bin where the share ends. Only that bin's candidates are sorted.
 */
export function createNucleus(topP: number): (candidates: Candidates) => void {
  const held = new Float64Array(BINS)
  let bins = new Uint16Array(0)

  return function cut(candidates) {
    const { ids, below, weights, count } = candidates
    if (bins.length < count) bins = new Uint16Array(ids.length)
    held.fill(0)
    let total = 0
    for (let i = 0; i < count; i++) {
      const bin = Math.min(BINS - 1, ((below[i] ?? SPAN) * (BINS / SPAN)) | 0)
      bins[i] = bin
      const weight = weights[i] ?? 0
      held[bin] = (held[bin] ?? 0) + weight
      total += weight
    }

    let sum = 0
    let last = 0
    while (last < BINS - 1 && sum + (held[last] ?? 0) < topP * total) sum += held[last++] ?? 0
    const border: number[] = []
    for (let i = 0; i < count; i++) if (bins[i] === last) border.push(i)
    border.sort((a, b) => (weights[b] ?? 0) - (weights[a] ?? 0) || a - b)
    const inside = new Set<number>()
    for (const i of border) {
      if (inside.size > 0 && sum >= topP * total) break
      inside.add(i)
      sum += weights[i] ?? 0
    }
    narrow(candidates, (i) => (bins[i] ?? BINS) < last || inside.has(i))
  }
}
