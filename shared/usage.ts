import * as z from 'zod'
import { Timing } from './timing.ts'

const Tokens = z.int().min(0)

/** OpenAI's usage block of a generated answer. */
export const GenerationUsage = z.object({
  prompt_tokens: Tokens,
  completion_tokens: Tokens,
  total_tokens: Tokens,
})
export type GenerationUsage = z.infer<typeof GenerationUsage>

/** OpenAI's usage block of embeddings; hub tasks report theirs in the same shape, in the header `x-usage`. */
export const PromptUsage = z.object({ prompt_tokens: Tokens, total_tokens: Tokens })
export type PromptUsage = z.infer<typeof PromptUsage>

/** The usage block for `promptTokens` in and `completionTokens` out. */
export function generationUsage(promptTokens: number, completionTokens: number): GenerationUsage {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
  }
}

/** The most requests that one question names. */
export const MOST_ASKED = 100

/** `POST /v1/requests/usage`: asks a host what requests were that have ended, each with the account that it was for. */
export const UsageQuestion = z.strictObject({
  requests: z
    .array(z.strictObject({ id: z.string().min(1).max(128), account: z.string().min(1).max(512) }))
    .min(1)
    .max(MOST_ASKED),
})
export type UsageQuestion = z.infer<typeof UsageQuestion>

/** The host's answer. It lacks requests that it does not know, or not of that account. */
export const UsageAnswer = z.object({
  requests: z.array(z.object({ id: z.string(), usage: GenerationUsage, timing: Timing })).max(MOST_ASKED),
})
export type UsageAnswer = z.infer<typeof UsageAnswer>
