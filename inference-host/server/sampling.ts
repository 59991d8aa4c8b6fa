import type { Choosing } from '../../shared/openai/sampling.ts'
import type { Sampling } from '../work/work.ts'

/** A request's fields on how tokens are chosen, as the engine has them. */
export function samplingOf(
  request: Choosing & { stop: readonly string[]; logprobs?: number | undefined },
): Sampling {
  const { logit_bias: bias } = request
  return {
    temperature: request.temperature,
    topP: request.top_p,
    topK: request.top_k,
    minP: request.min_p,
    repetitionPenalty: request.repetition_penalty,
    frequencyPenalty: request.frequency_penalty,
    presencePenalty: request.presence_penalty,
    logitBias: bias && new Map(Object.entries(bias).map(([id, added]) => [Number(id), added])),
    logprobs: request.logprobs,
    seed: request.seed,
    stop: request.stop,
  }
}
