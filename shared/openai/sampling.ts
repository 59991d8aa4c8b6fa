import * as z from 'zod'

/** How the next token is chosen. Ranges are OpenAI's; what is left out is the model's own default. */
export const sampling = {
  temperature: z.number().min(0).max(2).optional(),
  top_p: z.number().gt(0).max(1).optional(),
  seed: z.int().optional(),
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

/** Fields of OpenAI's requests that are accepted only where they ask for what happens anyway. */
export const onlyDefaults = {
  n: z.literal(1, 'only one answer a request is supported').optional(),
  frequency_penalty: z.literal(0, 'not supported, only 0').optional(),
  presence_penalty: z.literal(0, 'not supported, only 0').optional(),
  logit_bias: z.strictObject({}, 'not supported').nullish(),
}

/** Fields that change nothing here and that clients send: bounded, checked, and not passed on. */
export const ignored = {
  user: z.string().max(512).optional(),
  metadata: z.record(z.string().max(64), z.string().max(512)).nullish(),
  store: z.literal(false, 'nothing is stored, so only false').nullish(),
}

/** `stream` and what a stream ends with. */
export const streaming = {
  stream: z
    .boolean()
    .nullish()
    .transform((stream) => stream ?? false),
  stream_options: z
    .strictObject({ include_usage: z.boolean().optional(), include_obfuscation: z.literal(false).optional() })
    .nullish(),
}

/** Tokens asked for; the plan's default and cap are applied at the edge. */
export const OutputTokens = z.int().min(1).max(1_000_000)
