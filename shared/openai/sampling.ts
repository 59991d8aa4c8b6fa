import * as z from 'zod'
import { boundedRecord } from '../bounded-record.ts'

/** The client's cap on output tokens; the edge applies the plan's default and cap. */
export const OutputTokens = z.int().min(1).max(1_000_000)

/** The number of answers that a request asks for. */
export const Answers = z.int().min(1).max(8)

/** The most of the likeliest tokens that are reported with each token (OpenAI's API reference, Chat). */
export const MOST_TOP_LOGPROBS = 20

/**
 * How the next token is chosen. Names and ranges are OpenAI's, or vLLM's where OpenAI has none (top_k, min_p,
 * repetition_penalty). A missing field has the model's own default.
 */
export const choosing = {
  temperature: z.number().min(0).max(2).optional(),
  top_p: z.number().gt(0).max(1).optional(),
  /** Keep this many of the likeliest tokens; -1 or 0 keeps all. */
  top_k: z.int().min(-1).max(1_000_000).optional(),
  /** Keep tokens that are at least this share as likely as the likeliest. */
  min_p: z.number().min(0).max(1).optional(),
  repetition_penalty: z.number().gt(0).max(10).optional(),
  frequency_penalty: z.number().min(-2).max(2).optional(),
  presence_penalty: z.number().min(-2).max(2).optional(),
  /** Added to the logits of these token ids. */
  logit_bias: boundedRecord(
    z.string().regex(/^\d{1,9}$/, 'is no token id'),
    z.number().min(-100).max(100),
    300,
  ).optional(),
  seed: z.int().optional(),
}
export type Choosing = z.infer<z.ZodObject<typeof choosing>>

/** The sampling fields that are set in a request. */
export function choosingOf(request: Choosing): Choosing {
  const names = Object.keys(choosing) as (keyof Choosing)[]
  return Object.fromEntries(
    names.flatMap((name) => (request[name] === undefined ? [] : [[name, request[name]]])),
  )
}

/** What a client may set: how tokens are chosen, where the answer ends, and how many answers it wants. */
export const sampling = {
  ...choosing,
  n: Answers.nullish(),
  logit_bias: choosing.logit_bias.nullish().transform((bias) => bias ?? undefined),
  /** Up to four strings that end the answer; none of them appears in it. */
  stop: z
    .union([
      z
        .string()
        .min(1)
        .max(64)
        .transform((one) => [one]),
      z.array(z.string().min(1).max(64)).max(4),
    ])
    .nullish()
    .transform((stop) => stop ?? []),
}

/** What the edge tells the host of any generation, with every default filled in. */
export const hostGeneration = {
  max_tokens: OutputTokens,
  stream: z.boolean(),
  /**
   * `include_usage`: prompt tokens in the first chunk, the whole usage in the last. `continuous_usage_stats` is vLLM's
   * name for usage in every chunk.
   */
  stream_options: z
    .strictObject({ include_usage: z.literal(true), continuous_usage_stats: z.boolean().optional() })
    .optional(),
  ...choosing,
  stop: z.array(z.string().min(1).max(64)).max(4),
  /** The number of answers to the same prompt, each of at most `max_tokens`; 1 where it is missing. */
  n: Answers.optional(),
  /** Report log probabilities, with this many of the likeliest tokens for each token. */
  logprobs: z.int().min(0).max(MOST_TOP_LOGPROBS).optional(),
}

/** Fields that clients send and that change nothing here: bounded, checked, and not passed on. */
export const ignored = {
  user: z.string().max(512).optional(),
  metadata: boundedRecord(z.string().max(64), z.string().max(512), 1000).nullish(),
  store: z.literal(false, 'nothing is stored, so only false').nullish(),
}

/** `stream`, and whether a stream ends with the usage. */
export const streaming = {
  stream: z
    .boolean()
    .nullish()
    .transform((stream) => stream ?? false),
  stream_options: z
    .strictObject({ include_usage: z.boolean().optional(), include_obfuscation: z.literal(false).optional() })
    .nullish(),
}
