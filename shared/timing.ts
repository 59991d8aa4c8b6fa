import * as z from 'zod'

/**
 * What the host measured for one request, in whole milliseconds: its wait for the model, and its share of computing.
 */
export const Timing = z.object({
  queue_ms: z.int().min(0),
  compute_ms: z.int().min(0),
  /** Prompt tokens that were already in the prefix cache. */
  cached_prompt_tokens: z.int().min(0).optional(),
  /** From taken in to the first token, where there was one. */
  first_token_ms: z.int().min(0).optional(),
})
export type Timing = z.infer<typeof Timing>
