import type { Resolved } from './settings.ts'

/** Changes logits by what was said before. */
export type Penalties = {
  /** Changes `logits` in place. */
  apply(logits: Float32Array): void
  /** Takes note of a generated token. */
  count(id: number): void
}

/** The largest float32. A penalty near 0 makes more of a logit than that, and of an infinite one nothing can be drawn. */
const MOST = 2 ** 104 * (2 ** 24 - 1)

type Settings = Pick<Resolved, 'repetitionPenalty' | 'frequencyPenalty' | 'presencePenalty' | 'logitBias'>

/**
 * The bias and the penalties of one request; undefined where it has none. The repetition penalty comes first and
 * counts the prompt too, in the order and the float32 arithmetic of transformers.js; frequency and presence count
 * what was generated, as OpenAI and vLLM do.
 */
export function createPenalties(settings: Settings, prompt: readonly number[]): Penalties | undefined {
  const { repetitionPenalty, frequencyPenalty, presencePenalty, logitBias } = settings
  const repeats = repetitionPenalty !== 1
  const counts = frequencyPenalty !== 0 || presencePenalty !== 0
  if (!repeats && !counts && logitBias.size === 0) return undefined
  const seen = new Set(repeats ? prompt : [])
  const generated = new Map<number, number>()

  return {
    apply(logits) {
      for (const id of seen) {
        const logit = logits[id]
        if (logit !== undefined)
          logits[id] = Math.min(MOST, logit < 0 ? logit * repetitionPenalty : logit / repetitionPenalty)
      }
      for (const [id, times] of generated)
        logits[id] = (logits[id] ?? 0) - frequencyPenalty * times - presencePenalty
      for (const [id, bias] of logitBias) logits[id] = (logits[id] ?? 0) + bias
    },
    count(id) {
      if (repeats) seen.add(id)
      if (counts) generated.set(id, (generated.get(id) ?? 0) + 1)
    },
  }
}
