import * as z from 'zod'

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
