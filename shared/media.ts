import * as z from 'zod'
import type { MediaTask } from './catalog.ts'
import { optional } from './openai/field.ts'
import { OutputTokens } from './openai/sampling.ts'
import { Language, PrecedingText, TRANSCRIPT_FORMATS } from './openai/transcriptions.ts'

/** Whisper hears this many seconds at a time. */
export const WINDOW_SECONDS = 30
/** Longer audio is heard in windows that overlap by this many seconds on each side, as transformers.js does it. */
export const STRIDE_SECONDS = WINDOW_SECONDS / 6

/** How many windows so many seconds are heard in. Each has a text of its own, of the model's context at most. */
export function windowsOf(seconds: number): number {
  const hop = WINDOW_SECONDS - 2 * STRIDE_SECONDS
  return 1 + Math.ceil(Math.max(0, seconds - WINDOW_SECONDS) / hop)
}

const nothing = <Schema extends z.ZodType>(schema: Schema) => optional(schema).transform(() => undefined)
/** The hub's model and options, as in shared/tasks.ts. */
const envelope = {
  model: optional(z.string().min(1).max(200)),
  options: optional(z.record(z.string(), z.unknown())),
}
/** The hub's words for how a text is written: the likeliest token is taken each time. */
const written = {
  do_sample: nothing(z.literal(false)),
  num_beams: nothing(z.literal(1)),
  temperature: nothing(z.literal(0)),
}

/** The hub's payloads of these tasks, without `inputs`, which is the file. */
export const MEDIA_REQUESTS = {
  'automatic-speech-recognition': z.strictObject({
    ...envelope,
    parameters: optional(
      z.strictObject({
        return_timestamps: optional(z.boolean()),
        generation_parameters: nothing(z.strictObject(written)),
      }),
    ),
  }),
  'image-classification': z.strictObject({
    ...envelope,
    parameters: optional(
      z.strictObject({
        top_k: optional(z.int().min(1).max(1000)),
        function_to_apply: optional(z.enum(['softmax', 'sigmoid', 'none'])),
      }),
    ),
  }),
  'image-to-text': z.strictObject({
    ...envelope,
    parameters: optional(
      z.strictObject({
        max_new_tokens: optional(OutputTokens),
        generation_parameters: optional(
          z.strictObject({ max_new_tokens: optional(OutputTokens), ...written }),
        ),
      }),
    ),
  }),
} as const satisfies Record<MediaTask, z.ZodType>

/** The JSON of a request with a file, as the edge sends it to the host before the file itself. */
export const HostMediaRequest = z.strictObject({
  model: z.string().min(1).max(200),
  /** The most output tokens; 0 for tasks that generate none. */
  max_tokens: z.int().min(0),
  parameters: z.strictObject({
    language: Language.optional(),
    prompt: PrecedingText.optional(),
    format: z.enum([...TRANSCRIPT_FORMATS, 'hub']).optional(),
    timestamps: z.boolean().optional(),
    top_k: z.int().min(1).max(1000).optional(),
    function_to_apply: z.enum(['softmax', 'sigmoid', 'none']).optional(),
  }),
})
export type HostMediaRequest = z.infer<typeof HostMediaRequest>
