import * as z from 'zod'
import { boundedRecord } from '../bounded-record.ts'
import { honoured, ignored, optional } from './field.ts'

/** The client's cap on output tokens; the edge applies the plan's default and cap. */
export const OutputTokens = z.int().min(1).max(1_000_000)

/** The number of answers that a request asks for. */
const Answers = z.int().min(1).max(8)

/** The most of the likeliest tokens that are reported with each token (OpenAI's API reference, Chat). */
export const MOST_TOP_LOGPROBS = 20

/**
 * 64 bits, with a sign or without: more than JavaScript's whole numbers keep, so that the last digits of a large seed
 * are rounded, the same way each time.
 */
const Seed = z
  .number()
  .refine((seed) => Number.isInteger(seed) && seed >= -(2 ** 63) && seed <= 2 ** 64)
  .describe('a whole number of 64 bits')

/** A string that ends an answer, and how many of them a request has. */
export const MOST_STOPS = 4
export const Stop = z.string().min(1).max(64)

/** A name that a client has for something. */
const Id = z.string().max(512)

const DEFAULT = "Without it, the model's own default."

/**
 * How the next token is chosen. Names and ranges are OpenAI's, or vLLM's where OpenAI has none (top_k, min_p,
 * repetition_penalty). A missing field has the model's own default.
 */
export const choosing = {
  temperature: z.number().min(0).max(2).optional(),
  /** 0 leaves the likeliest token. */
  top_p: z.number().min(0).max(1).optional(),
  /** Keep this many of the likeliest tokens; -1 or 0 keeps all. */
  top_k: z.int().min(-1).max(1_000_000).optional(),
  /** Keep tokens that are at least this share as likely as the likeliest. */
  min_p: z.number().min(0).max(1).optional(),
  repetition_penalty: z.number().gt(0).max(10).optional(),
  frequency_penalty: z.number().min(-2).max(2).optional(),
  presence_penalty: z.number().min(-2).max(2).optional(),
  /** Added to the logits of these token ids. */
  logit_bias: boundedRecord(
    z
      .string()
      .regex(/^\d{1,9}$/)
      .describe('token ids'),
    z.number().min(-100).max(100),
    300,
  ).optional(),
  seed: Seed.optional(),
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
  temperature: honoured(`0 always takes the likeliest token. ${DEFAULT}`, choosing.temperature),
  top_p: honoured(`0 leaves the likeliest token alone. ${DEFAULT}`, choosing.top_p),
  top_k: honoured(
    `A field of vLLM: this many of the likeliest tokens; -1 and 0 are all. ${DEFAULT}`,
    choosing.top_k,
  ),
  min_p: honoured('A field of vLLM: tokens at least this share as likely as the likeliest.', choosing.min_p),
  repetition_penalty: honoured(`A field of vLLM. ${DEFAULT}`, choosing.repetition_penalty),
  frequency_penalty: honoured('', choosing.frequency_penalty),
  presence_penalty: honoured('', choosing.presence_penalty),
  logit_bias: honoured(
    "At most 300 token ids of the model's own tokenizer, each from -100 to 100.",
    choosing.logit_bias,
  ),
  seed: honoured('The same seed draws the same numbers. Digits beyond 2^53 are rounded.', choosing.seed),
  n: honoured('All answers together fit the output tokens that the plan allows a request.', Answers),
  stop: honoured(
    'None of them appears in the answer. In structured answers they do nothing.',
    z.union([Stop.transform((one) => [one]), z.array(Stop).max(MOST_STOPS)]),
  ),
}

/** What the edge tells the host of any generation, with every default filled in. */
export const hostGeneration = {
  max_tokens: OutputTokens,
  stream: z.boolean(),
  /**
   * `include_usage`: prompt tokens in the first chunk, the whole usage in the last. `continuous_usage_stats` is vLLM's
   * name for usage in every chunk. `for_client`: the edge passes the stream on unread, so it is what the client gets, with
   * usage as OpenAI sends it, or none, and it breaks off where the answer fails.
   */
  stream_options: z
    .union([
      z.strictObject({ include_usage: z.literal(true), continuous_usage_stats: z.boolean().optional() }),
      z.strictObject({ include_usage: z.boolean(), for_client: z.literal(true) }),
    ])
    .optional(),
  ...choosing,
  stop: z.array(Stop).max(MOST_STOPS),
  /** The number of answers to the same prompt, each of at most `max_tokens`; 1 where it is missing. */
  n: Answers.optional(),
  /** Report log probabilities, with this many of the likeliest tokens for each token. */
  logprobs: z.int().min(0).max(MOST_TOP_LOGPROBS).optional(),
}

/** Fields that clients send and that change nothing here: bounded, checked, and not passed on. */
export const unread = {
  user: ignored('The token says who asks.', Id),
  metadata: ignored('Nothing is stored.', boundedRecord(z.string().max(64), z.string().max(512), 1000)),
  store: ignored('Nothing is stored.', z.boolean()),
}

/** One of the words of a field that is not read: those of tomorrow change nothing either. */
export const Word = z.string().max(64)

const OWN_CACHE = "The host's cache keeps what the next request of the same account begins with."

/** The same, of fields that only chats and responses have. */
export const unreadByModels = {
  prompt_cache_key: ignored(OWN_CACHE, z.string().max(512)),
  prompt_cache_options: ignored(OWN_CACHE, z.record(z.string(), z.unknown())),
  prompt_cache_retention: ignored(OWN_CACHE, Word),
  safety_identifier: ignored('The token says who asks.', z.string().max(512)),
  service_tier: ignored('There is one; the plan says how much of the host it gets.', Word),
}

/** `stream`, and whether a stream ends with the usage. */
export const streaming = {
  stream: honoured('Server-sent events, as OpenAI sends them.', z.boolean()),
  stream_options: honoured(
    '`include_usage`: the last event has the usage. `include_obfuscation` is ignored: nothing is padded.',
    z.strictObject({
      include_usage: optional(z.boolean()),
      include_obfuscation: optional(z.boolean()),
    }),
  ),
}
