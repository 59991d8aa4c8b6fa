import { argmax } from './greedy.ts'
import { likeliest } from './likeliest.ts'

/** Natural log probabilities of the chosen token and of the likeliest ones, likeliest first. */
export type TokenLogprobs = { logprob: number; top: readonly { id: number; logprob: number }[] }

/**
 * Reads log probabilities off the model's own logits, before any penalty, mask or temperature, as OpenAI and vLLM
 * report them. Returns a function that gives those of a chosen token, even if the logits have changed since.
 */
export function readLogprobs(logits: Float32Array, top: number): (id: number) => TokenLogprobs {
  const highest = logits[argmax(logits)] ?? Number.NEGATIVE_INFINITY
  let total = 0
  for (const logit of logits) total += Math.exp(logit - highest)
  const whole = highest + Math.log(total)
  const best = likeliest(logits, top).map((id) => ({
    id,
    logprob: (logits[id] ?? Number.NEGATIVE_INFINITY) - whole,
  }))
  const raw = logits.slice()
  return (id) => ({ logprob: (raw[id] ?? Number.NEGATIVE_INFINITY) - whole, top: best })
}
