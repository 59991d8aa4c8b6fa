import * as z from 'zod'
import type { GenerationUsage } from '../usage.ts'
import type { FinishReason } from './chat.ts'
import { hostGeneration, ignored, OutputTokens, sampling, streaming } from './sampling.ts'
import { StructuredOutputs } from './structure.ts'

/** `POST /v1/completions` as a client sends it: one prompt, as text. */
export const CompletionRequest = z.strictObject({
  model: z.string().min(1).max(200),
  prompt: z.union([
    z.string(),
    z
      .array(z.string())
      .length(1, 'only one prompt a request is supported')
      .transform(([one]) => one ?? ''),
  ]),
  max_tokens: OutputTokens.nullish(),
  ...streaming,
  ...sampling,
  ...ignored,
  best_of: z.literal(1, 'not supported, only 1').optional(),
  echo: z.literal(false, 'not supported').nullish(),
  suffix: z.literal('', 'not supported').nullish(),
  /** How many of the likeliest tokens to report with each token. */
  logprobs: z.int().min(0).max(5).nullish(),
  structured_outputs: StructuredOutputs.optional(),
})
export type CompletionRequest = z.infer<typeof CompletionRequest>

/** The same request as the edge sends it to the host. */
export const HostCompletionRequest = z.strictObject({
  model: z.string().min(1).max(200),
  prompt: z.string(),
  ...hostGeneration,
  structured_outputs: StructuredOutputs.optional(),
})
export type HostCompletionRequest = z.infer<typeof HostCompletionRequest>

/** For each token: its text, log probability, the likeliest tokens at its position, and where it begins in the text. */
export type CompletionLogprobs = {
  tokens: string[]
  token_logprobs: number[]
  top_logprobs: Record<string, number>[]
  text_offset: number[]
}

/** A whole answer, or one event of a stream (both have the same object name, as in OpenAI's API). */
export type Completion = {
  id: string
  object: 'text_completion'
  created: number
  model: string
  choices: {
    index: number
    text: string
    logprobs: CompletionLogprobs | null
    finish_reason: FinishReason | null
  }[]
  usage?: GenerationUsage | null
}
