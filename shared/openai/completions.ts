import * as z from 'zod'
import type { GenerationUsage } from '../usage.ts'
import type { FinishReason } from './chat.ts'
import { honoured, refused, required } from './field.ts'
import { hostGeneration, OutputTokens, sampling, streaming, unread } from './sampling.ts'
import { askedStructure, StructuredOutputs } from './structure.ts'

/** `POST /v1/completions` as a client sends it: one prompt, as text. */
export const CompletionRequest = z
  .strictObject({
    model: required('One of `GET /v1/models`.', z.string().min(1).max(200)),
    prompt: required(
      'One text, or a list of one. Token ids are not read.',
      z.union([
        z.string(),
        z
          .array(z.string())
          .length(1)
          .describe('a list of one text (one prompt a request, and no token ids)')
          .transform(([one]) => one ?? ''),
      ]),
    ),
    max_tokens: honoured(
      "At most what the plan allows; the plan's default where it is missing.",
      OutputTokens,
    ),
    ...streaming,
    ...sampling,
    logprobs: honoured('This many of the likeliest tokens with each token.', z.int().min(0).max(5)),
    structured_outputs: askedStructure.structured_outputs,
    ...unread,
    best_of: refused(
      'More than `n` is not supported: every text that is written is an answer.',
      z.int().min(1),
    ),
    echo: refused('The answer begins after the prompt.', z.literal(false).describe('false (not supported)')),
    suffix: refused(
      'Nothing is written before a given end.',
      z.literal('').describe('empty text (not supported)'),
    ),
  })
  .refine(({ best_of, n }) => (best_of ?? 1) <= (n ?? 1), {
    path: ['best_of'],
    error: 'at most n, which is 1 where it is missing (not supported)',
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
    /** The stop string that ended it. */
    stop_reason?: string
  }[]
  usage?: GenerationUsage | null
}
