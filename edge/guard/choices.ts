import * as z from 'zod'
import type { Direction } from './policy.ts'

const Text = z.string().nullish()

// Fields that no guard looks at are left out: nothing may pass beside the guard.
const Call = z.object({
  index: z.int().optional(),
  id: Text,
  type: z.literal('function').optional().catch('function'),
  function: z.object({ name: Text, arguments: Text }).optional(),
})
export type Call = z.infer<typeof Call>

/** A foreign model's refusal is text like any other: it is looked through, and told, as the content. */
const Message = z
  .object({
    role: z.literal('assistant').optional().catch('assistant'),
    content: Text,
    refusal: Text,
    tool_calls: z.array(Call).nullish(),
  })
  .transform((message) =>
    message.refusal
      ? { ...message, content: `${message.content ?? ''}${message.refusal}`, refusal: null }
      : message,
  )

/** A choice of a chat's answer (`message`), of its chunk (`delta`) or of a completion (`text`), as far as it is looked through. */
const Choice = z.object({
  index: z.int().default(0),
  text: z.string().optional(),
  message: Message.optional(),
  delta: Message.optional(),
  /** They spell the answer, so there are none where it is looked through. */
  logprobs: z
    .unknown()
    .transform(() => null)
    .optional(),
  finish_reason: Text,
  stop_reason: z.string().optional().catch(undefined),
  /** What judged the answer before may have ended it. */
  content_filter: z
    .object({ rule: z.literal('judge') })
    .optional()
    .catch(undefined),
})
export type Choice = z.infer<typeof Choice>

const Told = z.unknown().optional()

/** A model's answer to a chat or completion, or a chunk of it. What no host says beside its choices is left out. */
export const Answer = z.object({
  id: Told,
  object: Told,
  created: Told,
  model: Told,
  choices: z.array(Choice),
  usage: Told,
  timing: Told,
})

/**
 * What says how a choice ended. Where a guard ended it a stop string did not, even if the model came to one.
 * @param rule the guard's
 */
export function ending(
  { putBack }: Direction,
  { stop_reason: stop }: Choice,
  rule: string | undefined,
): object {
  if (rule !== undefined)
    return { finish_reason: 'content_filter', stop_reason: undefined, content_filter: { rule } }
  return putBack && stop !== undefined ? { stop_reason: putBack.whole(stop) } : {}
}
