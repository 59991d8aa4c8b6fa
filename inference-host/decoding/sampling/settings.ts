import type { SamplingDefaults } from '../../device/generation-defaults.ts'
import type { SamplingSettings } from '../../work/sampling.ts'

/** Settings with every default filled in. */
export type Resolved = {
  temperature: number
  topP: number
  topK: number
  minP: number
  repetitionPenalty: number
  frequencyPenalty: number
  presencePenalty: number
  logitBias: ReadonlyMap<number, number>
  logprobs: number | undefined
}

/**
 * A request's settings over the model's defaults, and these over OpenAI's: what neither names is temperature 1 with
 * nothing cut off. A model that says of itself that it does not sample (`do_sample: false`) is greedy by default.
 */
export function resolveSettings(settings: SamplingSettings, defaults: SamplingDefaults): Resolved {
  const temperature = defaults.do_sample === false ? 0 : (defaults.temperature ?? 1)
  return {
    temperature: settings.temperature ?? temperature,
    topP: settings.topP ?? defaults.top_p ?? 1,
    topK: Math.max(0, settings.topK ?? defaults.top_k ?? 0),
    minP: settings.minP ?? defaults.min_p ?? 0,
    repetitionPenalty: settings.repetitionPenalty ?? defaults.repetition_penalty ?? 1,
    frequencyPenalty: settings.frequencyPenalty ?? 0,
    presencePenalty: settings.presencePenalty ?? 0,
    logitBias: settings.logitBias ?? new Map(),
    logprobs: settings.logprobs,
  }
}

const OFF: Readonly<Record<string, (value: unknown) => boolean>> = {
  no_repeat_ngram_size: isNothing,
  bad_words_ids: isNothing,
  min_length: isNothing,
  min_new_tokens: isNothing,
  forced_bos_token_id: (value) => value === null || value === undefined,
  forced_eos_token_id: (value) => value === null || value === undefined,
  guidance_scale: (value) => value === null || value === undefined || Number(value) <= 1,
}

function isNothing(value: unknown): boolean {
  return value === null || value === undefined || value === 0 || (Array.isArray(value) && value.length === 0)
}

/**
 * The entries of a generation config that change what transformers.js generates and that the samplers here do not
 * follow (checked against `_get_logits_processor` of transformers.js 4.3). A model with any belongs on its own
 * `generate`.
 */
export function unfollowedDefaults(config: Readonly<Record<string, unknown>>): string[] {
  return Object.keys(OFF).filter((name) => OFF[name]?.(config[name]) === false)
}
