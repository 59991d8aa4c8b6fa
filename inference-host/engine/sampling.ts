import type { Sampling } from './port.ts'

/** What a model's `generation_config.json` says about sampling. */
type Defaults = {
  do_sample?: boolean
  temperature?: number | null
  top_p?: number | null
  top_k?: number | null
}

/** Picks a token id from logits, one per token id. */
export type Sampler = (logits: Float32Array) => number

/**
 * A sampler for `sampling`, or undefined for greedy decoding: temperature 0, or none where the model's default is
 * greedy. transformers.js 4.3 samples too, but knows no top_p and no seed.
 * @param random numbers in [0, 1); with a seeded one the same logits give the same tokens.
 */
export function createSampler(
  sampling: Sampling,
  defaults: Defaults,
  random: () => number,
): Sampler | undefined {
  const samples = defaults.do_sample === true
  const temperature = sampling.temperature ?? (samples ? (defaults.temperature ?? 1) : 0)
  if (temperature === 0) return undefined
  const topP = sampling.topP ?? (samples ? (defaults.top_p ?? 1) : 1)
  const topK = samples ? (defaults.top_k ?? 0) : 0

  return function sample(logits) {
    const weights = weigh(logits, temperature)
    const best = topK > 0 && topK < weights.length ? heaviest(weights, topK) : undefined
    return draw(weights, topP < 1 ? nucleus(weights, best, topP) : best, random())
  }
}

/** Unnormalized probabilities at `temperature`; the likeliest weighs 1, so that nothing overflows. */
function weigh(logits: Float32Array, temperature: number): Float64Array {
  let highest = Number.NEGATIVE_INFINITY
  for (const logit of logits) if (logit > highest) highest = logit
  const weights = new Float64Array(logits.length)
  for (let id = 0; id < logits.length; id++) weights[id] = Math.exp((at(logits, id) - highest) / temperature)
  return weights
}

/** The ids of the `count` heaviest, heaviest first. */
function heaviest(weights: Float64Array, count: number): number[] {
  const best: number[] = []
  for (let id = 0; id < weights.length; id++) {
    const weight = at(weights, id)
    const full = best.length === count
    if (full && weight <= at(weights, best[count - 1])) continue
    let place = full ? count - 1 : best.length
    for (; place > 0 && at(weights, best[place - 1]) < weight; place--) best[place] = best[place - 1] ?? 0
    best[place] = id
  }
  return best
}

/**
 * The fewest ids, heaviest first, that hold `topP` of the weight of `candidates` (sorted; of all ids, where
 * undefined). Ids lighter than (1 - topP) / (n - 1) of the whole cannot be among them, since all of those together
 * weigh less than what is cut off; leaving them out spares sorting the vocabulary.
 */
function nucleus(weights: Float64Array, candidates: number[] | undefined, topP: number): number[] {
  const total = sum(weights, candidates)
  const sorted = candidates ?? []
  if (candidates === undefined) {
    const cutoff = ((1 - topP) / Math.max(1, weights.length - 1)) * total
    for (let id = 0; id < weights.length; id++) if (at(weights, id) >= cutoff) sorted.push(id)
    sorted.sort((a, b) => at(weights, b) - at(weights, a))
  }
  let held = 0
  const last = sorted.findIndex((id) => {
    held += at(weights, id)
    return held >= topP * total
  })
  return last < 0 ? sorted : sorted.slice(0, last + 1)
}

/** The id at the share `point` of the candidates' weight, of all ids where undefined. */
function draw(weights: Float64Array, candidates: number[] | undefined, point: number): number {
  let left = point * sum(weights, candidates)
  const count = candidates?.length ?? weights.length
  for (let place = 0; place < count; place++) {
    const id = candidates === undefined ? place : (candidates[place] ?? 0)
    left -= at(weights, id)
    if (left < 0) return id
  }
  // Rounding can leave a crumb after the last; the heaviest is as good an answer as any.
  return candidates?.[0] ?? weights.indexOf(1)
}

function sum(weights: Float64Array, ids: number[] | undefined): number {
  let total = 0
  if (ids === undefined) for (const weight of weights) total += weight
  else for (const id of ids) total += at(weights, id)
  return total
}

function at(values: Float32Array | Float64Array, id: number | undefined): number {
  return values[id ?? -1] ?? 0
}
