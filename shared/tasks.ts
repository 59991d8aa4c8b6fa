import * as z from 'zod'
import type { TextTask } from './catalog.ts'
import { optional } from './openai/field.ts'
import { choosing, OutputTokens } from './openai/sampling.ts'

const Text = z.string().min(1)
const Texts = z.union([Text.transform((one) => [one]), z.array(Text).min(1).max(2048)])

const Labels = z.array(z.string().min(1).max(256)).max(100)
/** A hypothesis about a label; the label replaces `{}`. */
const Template = z
  .string()
  .max(1024)
  .refine((text) => text.includes('{}'))
  .describe('text of at most 1024 characters that says with {} where the label goes')
/** The hub's default template. */
export const HYPOTHESIS = 'This example is {}.'
/** The hypothesis for one label, with which the text is compared. The edge counts it and the host reads it. */
export const hypothesisOf = (template: string, label: string): string => template.replace('{}', () => label)
/** Parameters of the hub that change nothing here. They are checked, and become undefined. */
const ignored = <Schema extends z.ZodType>(schema: Schema) => optional(schema).transform(() => undefined)
/** How much of a long text is read at a time: here a long text is refused, or cut where the request says so. */
const stride = ignored(z.int().min(0))
/** Spaces before commas and full stops. */
const clean_up_tokenization_spaces = ignored(z.boolean())
const truncation = ignored(z.enum(['do_not_truncate', 'longest_first', 'only_first', 'only_second']))
/** The least tokens of an answer are a wish: the model ends it where it ends. */
const least = ignored(z.int().min(0))
/** Which end of a text is cut. */
const truncation_direction = optional(z.enum(['left', 'right', 'Left', 'Right']))

/** Keeps a request from being answered for the end of a text that is cut at its end. */
function cutsTheEnd<Schema extends z.ZodType<{ truncate?: unknown; truncation_direction?: unknown }>>(
  schema: Schema,
) {
  return schema
    .refine(
      (asked) => asked.truncate !== true || String(asked.truncation_direction).toLowerCase() !== 'left',
      { path: ['truncation_direction'], message: '"right" where a text is cut' },
    )
    .transform((request) => ({ ...request, truncation_direction: undefined }))
}

const Aggregation = z.enum(['none', 'simple', 'first', 'average', 'max'])

/** Not all of the hub's servers have this: text that is too long is cut to the model's context instead of refused. */
const Truncate = z.boolean()
const truncate = optional(Truncate)

/**
 * `model` is our addition: the hub names it in the URL. Without it the plan's first model for the task is used. `options`
 * are the hub's own (its cache, its waiting), which change nothing here, so nobody looks into them.
 */
const envelope = {
  model: optional(z.string().min(1).max(200)),
  options: optional(z.record(z.string(), z.unknown())),
}

/** What changes nothing where a text is written. */
export const unread = {
  min_length: least,
  min_new_tokens: least,
  clean_up_tokenization_spaces,
  /** One text is followed. */
  num_beams: ignored(z.literal(1)),
}

/** How long a text is that is written, in any of the places where the hub's clients say so. */
const written = {
  max_new_tokens: optional(OutputTokens),
  max_length: optional(OutputTokens),
  ...unread,
  truncation,
  /** The likeliest token is taken each time. */
  do_sample: ignored(z.literal(false)),
}

/** What text-generation-inference can do besides, as far as it is not asked for. */
export const unchosen = {
  adapter_id: ignored(z.never().describe('null (models here have no adapters)')),
  grammar: ignored(z.never().describe('null (POST /v1/completions takes structured_outputs)')),
  top_n_tokens: ignored(z.literal(0)),
  truncate: ignored(z.never().describe('null (a text that is too long is refused)')),
  details: ignored(z.literal(false)),
  decoder_input_details: ignored(z.literal(false)),
  watermark: ignored(z.literal(false)),
  best_of: ignored(z.literal(1)),
  typical_p: ignored(z.literal(1)),
}

/**
 * The hub's payloads (Hugging Face Inference API, one page a task), as far as they are supported here. Both a single
 * input and a list of inputs are accepted; `single` in the host's form says which it was.
 */
export const TASK_REQUESTS = {
  'text-classification': cutsTheEnd(
    z.strictObject({
      ...envelope,
      inputs: Texts,
      parameters: optional(
        z.strictObject({
          top_k: optional(z.int().min(1).max(100)),
          function_to_apply: optional(z.enum(['softmax', 'sigmoid', 'none'])),
        }),
      ),
      truncate,
      truncation_direction,
    }),
  ),
  'feature-extraction': cutsTheEnd(
    z.strictObject({
      ...envelope,
      inputs: Texts,
      parameters: optional(z.strictObject({ normalize: optional(z.boolean()) })),
      normalize: optional(z.boolean()),
      truncate,
      truncation_direction,
    }),
  ),
  'token-classification': cutsTheEnd(
    z.strictObject({
      ...envelope,
      inputs: Texts,
      parameters: optional(
        z.strictObject({
          aggregation_strategy: optional(Aggregation),
          ignore_labels: optional(Labels),
          stride,
        }),
      ),
      truncate,
      truncation_direction,
    }),
  ),
  'zero-shot-classification': z.strictObject({
    ...envelope,
    inputs: Texts,
    parameters: z.strictObject({
      candidate_labels: Labels.min(1),
      hypothesis_template: optional(Template),
      multi_label: optional(z.boolean()),
    }),
  }),
  'fill-mask': z.strictObject({
    ...envelope,
    inputs: Texts,
    parameters: optional(
      z.strictObject({ top_k: optional(z.int().min(1).max(100)), targets: optional(Labels.min(1)) }),
    ),
  }),
  'question-answering': z.strictObject({
    ...envelope,
    inputs: z.strictObject({ question: Text, context: Text }),
    parameters: optional(
      z.strictObject({
        top_k: optional(z.int().min(1).max(100)),
        max_answer_len: optional(z.int().min(1).max(512)),
        handle_impossible_answer: optional(z.boolean()),
        doc_stride: stride,
        max_seq_len: stride,
        max_question_len: stride,
        /** Answers are whole words in any case. */
        align_to_words: ignored(z.boolean()),
      }),
    ),
  }),
  summarization: z.strictObject({
    ...envelope,
    inputs: Text,
    parameters: optional(
      z.strictObject({ ...written, generate_parameters: optional(z.strictObject(written)) }),
    ),
  }),
  translation: z.strictObject({
    ...envelope,
    inputs: Text,
    parameters: optional(
      z.strictObject({
        src_lang: optional(z.string().max(32)),
        tgt_lang: optional(z.string().max(32)),
        ...written,
        generate_parameters: optional(z.strictObject(written)),
      }),
    ),
  }),
  'text-generation': z.strictObject({
    ...envelope,
    inputs: Text,
    stream: optional(z.literal(false).describe('false (stream with /v1/completions)')),
    parameters: optional(
      z.strictObject({
        max_new_tokens: optional(OutputTokens),
        temperature: optional(choosing.temperature),
        top_p: optional(choosing.top_p),
        top_k: optional(choosing.top_k),
        repetition_penalty: optional(choosing.repetition_penalty),
        frequency_penalty: optional(choosing.frequency_penalty),
        seed: optional(choosing.seed),
        do_sample: optional(z.boolean()),
        return_full_text: optional(z.boolean()),
        stop: optional(z.array(z.string().min(1).max(64)).max(4)),
        ...unread,
        ...unchosen,
      }),
    ),
  }),
} as const satisfies Record<TextTask, z.ZodType>

/**
 * A task as the edge sends it to the host: model chosen, output bounded, one shape for all tasks. The inputs of
 * question-answering are the question and the context.
 */
export const HostTaskRequest = z.strictObject({
  model: z.string().min(1).max(200),
  inputs: z.array(Text).min(1).max(2048),
  /** Whether the client sent one input instead of a list. This decides the answer's nesting. */
  single: z.boolean(),
  /** The most output tokens; 0 for tasks that generate none. */
  max_tokens: z.int().min(0),
  parameters: z.strictObject({
    top_k: choosing.top_k,
    repetition_penalty: choosing.repetition_penalty,
    frequency_penalty: choosing.frequency_penalty,
    normalize: z.boolean().optional(),
    src_lang: z.string().max(32).optional(),
    tgt_lang: z.string().max(32).optional(),
    temperature: choosing.temperature,
    top_p: choosing.top_p,
    seed: choosing.seed,
    return_full_text: z.boolean().optional(),
    stop: z.array(z.string().min(1).max(64)).max(4).optional(),
    function_to_apply: z.enum(['softmax', 'sigmoid', 'none']).optional(),
    truncate: Truncate.optional(),
    aggregation_strategy: Aggregation.optional(),
    ignore_labels: Labels.optional(),
    candidate_labels: Labels.min(1).optional(),
    hypothesis_template: Template.optional(),
    multi_label: z.boolean().optional(),
    targets: Labels.min(1).optional(),
    max_answer_len: z.int().min(1).max(512).optional(),
    handle_impossible_answer: z.boolean().optional(),
  }),
})
export type HostTaskRequest = z.infer<typeof HostTaskRequest>

/**
 * Replaces an item's result where its text is longer than the model's context, while other items of the list have
 * results. If no item has a result, the request is refused.
 */
export type ItemError = { error: { code: string; message: string } }

/** The host's answers, task by task, in the hub's shapes. In the answer to a list any item can be an ItemError. */
export type Classification = { label: string; score: number }
/**
 * `start` and `end` are null where the token's text is not found in the input. `entity` and `index` are for answers
 * without aggregation.
 */
export type TokenClassification = {
  entity_group?: string
  entity?: string
  index?: number
  score: number
  word: string
  start: number | null
  end: number | null
}
export type FilledMask = { score: number; token: number; token_str: string; sequence: string }
export type Answer = { answer: string; score: number; start: number | null; end: number | null }
