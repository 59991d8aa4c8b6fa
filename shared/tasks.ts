import * as z from 'zod'
import type { HubTask } from './catalog.ts'
import { OutputTokens } from './openai/sampling.ts'

const Text = z.string().min(1)
const Texts = z.union([Text.transform((one) => [one]), z.array(Text).min(1).max(2048)])

const Labels = z.array(z.string().min(1).max(256)).max(100)
/** A hypothesis about a label; the label replaces `{}`. */
const Template = z
  .string()
  .max(1024)
  .refine((text) => text.includes('{}'), 'must say with {} where the label goes')
/** The hub's default template. */
export const HYPOTHESIS = 'This example is {}.'
/** The hypothesis for one label, with which the text is compared. The edge counts it and the host reads it. */
export const hypothesisOf = (template: string, label: string): string => template.replace('{}', () => label)
const Aggregation = z.enum(['none', 'simple', 'first', 'average', 'max'])

/** Not all of the hub's servers have this: text that is too long is cut to the model's context instead of refused. */
const truncate = z.boolean().optional()

/** `model` is our addition: the hub names it in the URL. Without it the plan's first model for the task is used. */
const envelope = {
  model: z.string().min(1).max(200).optional(),
  options: z.record(z.string(), z.unknown()).optional(),
}

/**
 * The hub's payloads (Hugging Face Inference API, one page a task), as far as they are supported here. Both a single
 * input and a list of inputs are accepted; `single` in the host's form says which it was.
 */
export const TASK_REQUESTS = {
  'text-classification': z.strictObject({
    ...envelope,
    inputs: Texts,
    parameters: z
      .strictObject({
        top_k: z.int().min(1).max(100).optional(),
        function_to_apply: z.enum(['softmax', 'sigmoid', 'none']).optional(),
      })
      .optional(),
    truncate,
  }),
  'feature-extraction': z.strictObject({
    ...envelope,
    inputs: Texts,
    parameters: z.strictObject({ normalize: z.boolean().optional() }).optional(),
    normalize: z.boolean().optional(),
    truncate,
  }),
  'token-classification': z.strictObject({
    ...envelope,
    inputs: Texts,
    parameters: z
      .strictObject({ aggregation_strategy: Aggregation.optional(), ignore_labels: Labels.optional() })
      .optional(),
    truncate,
  }),
  'zero-shot-classification': z.strictObject({
    ...envelope,
    inputs: Texts,
    parameters: z.strictObject({
      candidate_labels: Labels.min(1),
      hypothesis_template: Template.optional(),
      multi_label: z.boolean().optional(),
    }),
  }),
  'fill-mask': z.strictObject({
    ...envelope,
    inputs: Texts,
    parameters: z
      .strictObject({ top_k: z.int().min(1).max(100).optional(), targets: Labels.min(1).optional() })
      .optional(),
  }),
  'question-answering': z.strictObject({
    ...envelope,
    inputs: z.strictObject({ question: Text, context: Text }),
    parameters: z
      .strictObject({
        top_k: z.int().min(1).max(100).optional(),
        max_answer_len: z.int().min(1).max(512).optional(),
        handle_impossible_answer: z.boolean().optional(),
      })
      .optional(),
  }),
  summarization: z.strictObject({
    ...envelope,
    inputs: Text,
    parameters: z
      .strictObject({ max_new_tokens: OutputTokens.optional(), max_length: OutputTokens.optional() })
      .optional(),
  }),
  translation: z.strictObject({
    ...envelope,
    inputs: Text,
    parameters: z
      .strictObject({
        src_lang: z.string().max(32).optional(),
        tgt_lang: z.string().max(32).optional(),
        max_new_tokens: OutputTokens.optional(),
      })
      .optional(),
  }),
  'text-generation': z.strictObject({
    ...envelope,
    inputs: Text,
    stream: z.literal(false, 'stream with /v1/completions').optional(),
    parameters: z
      .strictObject({
        max_new_tokens: OutputTokens.optional(),
        temperature: z.number().min(0).max(2).optional(),
        top_p: z.number().gt(0).max(1).optional(),
        seed: z.int().optional(),
        do_sample: z.boolean().optional(),
        return_full_text: z.boolean().optional(),
        stop: z.array(z.string().min(1).max(64)).max(4).optional(),
      })
      .optional(),
  }),
} as const satisfies Record<HubTask, z.ZodType>

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
    top_k: z.int().min(1).max(100).optional(),
    normalize: z.boolean().optional(),
    src_lang: z.string().max(32).optional(),
    tgt_lang: z.string().max(32).optional(),
    temperature: z.number().min(0).max(2).optional(),
    top_p: z.number().gt(0).max(1).optional(),
    seed: z.int().optional(),
    return_full_text: z.boolean().optional(),
    stop: z.array(z.string().min(1).max(64)).max(4).optional(),
    function_to_apply: z.enum(['softmax', 'sigmoid', 'none']).optional(),
    truncate,
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
export type TaskAnswer = {
  'text-classification': Classification[][]
  'feature-extraction': number[][] | number[]
  'token-classification': TokenClassification[][] | TokenClassification[]
  'zero-shot-classification': Classification[][] | Classification[]
  'fill-mask': FilledMask[][] | FilledMask[]
  'question-answering': Answer[] | Answer
  summarization: { summary_text: string }[]
  translation: { translation_text: string }[]
  'text-generation': { generated_text: string }[]
}
