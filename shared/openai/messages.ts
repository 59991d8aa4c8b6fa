import * as z from 'zod'
import { ImageUrl } from '../data-url.ts'
import { contentOf, HostPart, imagePart } from './content.ts'
import { honoured, ignored, onlyNull, optional, refused, required } from './field.ts'
import { FunctionName, MOST_CALLS, ToolCall, ToolCallId, ToolCalls } from './structure.ts'

/** What comes beside a part or a call and says nothing to a model. */
export const passedOver = () => optional(z.unknown())

const TextPart = z
  .strictObject({
    type: z.literal('text'),
    text: z.string(),
    prompt_cache_breakpoint: passedOver(),
    // Anthropic's mark for its cache, and what LangChain has in its blocks of text.
    cache_control: passedOver(),
    annotations: passedOver(),
    id: passedOver(),
    index: passedOver(),
  })
  .transform(({ text }) => text)

const RefusalPart = z
  .strictObject({ type: z.literal('refusal'), refusal: z.string() })
  .transform(({ refusal }) => refusal)

/** How a model came to its answer, as blocks: no model reads that again. */
const ReasoningPart = z
  .looseObject({ type: z.enum(['reasoning', 'thinking', 'redacted_thinking']) })
  .transform(() => '')

/** How closely an image is looked at: models here have one way. */
export const Detail = z.enum(['low', 'high', 'auto', 'original'])

const ImagePart = z
  .strictObject({
    type: z.literal('image_url'),
    image_url: z.strictObject({ url: ImageUrl, detail: optional(Detail) }),
    prompt_cache_breakpoint: passedOver(),
    cache_control: passedOver(),
    id: passedOver(),
    index: passedOver(),
  })
  .transform(({ image_url: { url } }) => imagePart(url))

const ONLY_TEXT =
  'a part of type "text" (only users show images here, and no chat model reads audio or files)'
const TEXT_OR_IMAGE = 'a part of type "text" or "image_url" (no chat model here reads audio or files)'

const NO_IMAGES = 'an empty list (no chat model here draws images)'

/** Parts of one message. */
export const MOST_PARTS = 1000

/**
 * The most messages of one request. An empty one costs the edge some 5 us and the host, which writes them by the model's
 * template in one go, some 30 us.
 */
export const MOST_MESSAGES = 2048

const joined = (texts: string[]) => texts.join('')
const Content = z.union([
  z.string(),
  z
    .array(z.discriminatedUnion('type', [TextPart]).describe(ONLY_TEXT))
    .max(MOST_PARTS)
    .transform(joined),
])
/** What a user says and shows. */
const UserContent = z.union([
  z.string(),
  z
    .array(
      z
        .discriminatedUnion('type', [
          TextPart.transform((text): HostPart => ({ type: 'text', text })),
          ImagePart,
        ])
        .describe(TEXT_OR_IMAGE),
    )
    .max(MOST_PARTS)
    .transform(contentOf),
])
const AnswerPart = z.discriminatedUnion('type', [TextPart, RefusalPart, ReasoningPart]).describe(ONLY_TEXT)
const AnswerContent = z.union([z.string(), z.array(AnswerPart).max(MOST_PARTS).transform(joined)])

/** A call as clients send it back, with what they added to it. */
const SentToolCall = z.strictObject({
  ...ToolCall.shape,
  function: z.strictObject({
    ...ToolCall.shape.function.shape,
    // The openai package adds it in `chat.completions.parse`.
    parsed_arguments: passedOver(),
  }),
  // It stands in the parts of a streamed call.
  index: passedOver(),
  // Google's signature of a thought, as the AI SDK hands it on.
  extra_content: passedOver(),
})

/** The deprecated form of a call. */
const FunctionCall = z.strictObject({
  name: FunctionName,
  arguments: ToolCall.shape.function.shape.arguments,
})

const content = required('The texts of several parts are one text.', Content)
const name = ignored('The prompt of no model has a place for it.', z.string().max(256))
const FROM_ELSEWHERE = 'What other services add to an answer; no model reads it again.'
const fromElsewhere = () => ignored(FROM_ELSEWHERE, z.unknown())

const Assistant = z
  .strictObject({
    role: z.literal('assistant'),
    content: honoured(
      'It may be missing beside calls and a refusal. Parts of type `refusal` are text, those of `reasoning` and `thinking` are ignored.',
      AnswerContent,
    ),
    tool_calls: honoured('An empty list is none.', z.array(SentToolCall).max(MOST_CALLS)),
    function_call: honoured('Deprecated: it becomes a tool call.', FunctionCall),
    refusal: honoured('It is text after the content.', z.string()),
    name,
    audio: refused('No model here hears.', onlyNull('no model here hears')),
    annotations: ignored('Citations are for people.', z.unknown()),
    parsed: ignored('`chat.completions.parse` adds it; the content says the same.', z.unknown()),
    id: fromElsewhere(),
    reasoning: fromElsewhere(),
    reasoning_content: fromElsewhere(),
    reasoning_details: fromElsewhere(),
    thinking_blocks: fromElsewhere(),
    provider_specific_fields: fromElsewhere(),
    images: refused('An empty list is none. No model here draws.', z.tuple([]).describe(NO_IMAGES)),
  })
  .refine(
    (said) =>
      [said.content, said.refusal, said.function_call, said.tool_calls?.[0]].some(
        (part) => part !== undefined,
      ),
    { path: ['content'], error: 'text, or a list of parts, in a message without tool_calls' },
  )

/** A message in the form of OpenAI's API reference (Chat), limited to what a model here reads. */
export const Message = z.discriminatedUnion('role', [
  z.strictObject({ role: z.enum(['system', 'developer']), content, name }),
  z.strictObject({
    role: z.literal('user'),
    content: required(
      'The texts of several parts are one text. Parts of type `image_url` are for models that read images: a `data:` URL, at most 16 a request. `detail` is ignored.',
      UserContent,
    ),
    name,
  }),
  Assistant,
  z.strictObject({
    role: z.literal('tool'),
    content: honoured('Null is empty text.', Content),
    tool_call_id: required('The id of the call that it answers.', ToolCallId),
    name,
    artifact: ignored('What LangChain keeps of a tool for the program; no model reads it.', z.unknown()),
    status: ignored(
      'LangChain says there whether the tool failed; its content says so to the model.',
      z.unknown(),
    ),
  }),
  z.strictObject({
    role: z.literal('function'),
    content: honoured('Deprecated: it answers the last `function_call`.', Content),
    name: ignored('The `function_call` before has it.', z.string().max(256)),
  }),
])
export type Message = z.infer<typeof Message>

/** A message in the host's form. */
export const HostMessage = z.union([
  z.strictObject({ role: z.enum(['system', 'user', 'assistant']), content: z.string() }),
  z.strictObject({ role: z.literal('user'), content: z.array(HostPart).min(1).max(MOST_PARTS) }),
  z.strictObject({ role: z.literal('assistant'), content: z.string().nullable(), tool_calls: ToolCalls }),
  z.strictObject({ role: z.literal('tool'), content: z.string(), tool_call_id: ToolCallId }),
])
export type HostMessage = z.infer<typeof HostMessage>
