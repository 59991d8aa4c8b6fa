import * as z from 'zod'

const Text = z.string().nullish()

const Call = z.looseObject({
  index: z.int().optional(),
  id: Text,
  function: z.looseObject({ name: z.string().optional(), arguments: Text }).optional(),
})
export type Call = z.infer<typeof Call>

/** A foreign model's refusal is text like any other: it is looked through, and told, as the content. */
const Message = z
  .looseObject({
    role: z.string().optional(),
    content: Text,
    refusal: Text,
    tool_calls: z.array(Call).nullish(),
  })
  .transform((message) =>
    message.refusal
      ? { ...message, content: `${message.content ?? ''}${message.refusal}`, refusal: null }
      : message,
  )

/** A choice of a chat's answer (`message`), of its chunk (`delta`) or of a completion (`text`). The rest stays as it is. */
const Choice = z.looseObject({
  index: z.int().default(0),
  text: z.string().optional(),
  message: Message.optional(),
  delta: Message.optional(),
  finish_reason: Text,
})
export type Choice = z.infer<typeof Choice>

/** A model's answer to a chat or completion, or a chunk of it. */
export const Answer = z.looseObject({ choices: z.array(Choice) })
