import type { SamplingDefaults } from '../../device/generation-defaults.ts'
import type { SamplingSettings } from '../../work/sampling.ts'
import { createDraw } from './draw.ts'
import { argmax } from './greedy.ts'
import { readLogprobs, type TokenLogprobs } from './logprobs.ts'
import { createPenalties } from './penalties.ts'
import { resolveSettings } from './settings.ts'
import { allows, applyMask, likeliestWithin, maskWords, type TokenConstraint } from './token-mask.ts'

export type ChosenToken = { id: number; logprobs: TokenLogprobs | undefined }

/**
 * Chooses the next token of one request from its logits, one per token id, which it may change in place.
 * @throws Error where the logits leave no token possible (all ruled out, or not numbers).
 */
export type TokenSampler = (logits: Float32Array) => ChosenToken

type Options = {
  settings: SamplingSettings
  defaults: SamplingDefaults
  /** The prompt's token ids, which the repetition penalty counts. */
  prompt: readonly number[]
  /** Numbers in [0, 1). Each sampled token takes one, so a seeded stream gives the same tokens anywhere. */
  random: () => number
  /** A grammar, and the most tokens that will be asked for. */
  constrained?: { by: TokenConstraint; room: number } | undefined
}

/**
 * A sampler for one request. It applies the repetition, frequency and presence penalties and the bias, then the
 * grammar's mask, which nothing can override. Then it chooses. It belongs to that request, because it remembers its
 * choices.
 */
export function createTokenSampler({
  settings,
  defaults,
  prompt,
  random,
  constrained,
}: Options): TokenSampler {
  const resolved = resolveSettings(settings, defaults)
  const penalties = createPenalties(resolved, prompt)
  const draw = resolved.temperature > 0 ? createDraw(resolved) : undefined
  let mask = new Int32Array(0)
  let chosen = 0

  return function choose(logits) {
    const logprobs = resolved.logprobs === undefined ? undefined : readLogprobs(logits, resolved.logprobs)
    penalties?.apply(logits)
    if (constrained !== undefined) {
      if (mask.length === 0) mask = new Int32Array(maskWords(logits.length))
      const roomier = constrained.by.next(mask, constrained.room - chosen)
      if (roomier !== undefined && !allows(mask, likeliestWithin(logits, roomier))) constrained.by.cut()
      applyMask(logits, mask)
    }
    const id = draw === undefined ? argmax(logits) : draw(logits, random())
    if (id < 0) throw new Error('no token is possible here: every logit is ruled out')
    penalties?.count(id)
    constrained?.by.accept(id)
    chosen++
    return { id, logprobs: logprobs?.(id) }
  }
}
