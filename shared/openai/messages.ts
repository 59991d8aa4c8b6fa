import * as z from 'zod'
import { onlyNull, optional } from './field.ts'
import { FunctionName, ToolCall, ToolCallId, ToolCalls } from './structure.ts'

/** What comes with messages and says nothing to a model: marks for a cache, and what other services answered with. */
const passedOver = () => optional(z.unknown())

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

const ONLY_TEXT = 'a part of type "text" (no model here reads images, audio or files)'
const joined = (texts: string[]) => texts.join('')
const Content = z.union([
  z.string(),
  z.array(z.discriminatedUnion('type', [TextPart]).describe(ONLY_TEXT)).transform(joined),
])
const AnswerPart = z.discriminatedUnion('type', [TextPart, RefusalPart, ReasoningPart]).describe(ONLY_TEXT)
const AnswerContent = z.union([z.string(), z.array(AnswerPart).transform(joined)])

/** A name for who speaks. No template here has a place for it. */
const name = optional(z.string().max(256))

/** The deprecated form of a call. */
const FunctionCall = z.strictObject({
  name: FunctionName,
  arguments: ToolCall.shape.function.shape.arguments,
})

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

const Assistant = z
  .strictObject({
    role: z.literal('assistant'),
    content: optional(AnswerContent),
    tool_calls: optional(z.array(SentToolCall).max(32)),
    function_call: optional(FunctionCall),
    refusal: optional(z.string()),
    name,
    audio: optional(onlyNull('no model here hears')),
    annotations: passedOver(),
    // What `chat.completions.parse` of the openai package adds to an answer.
    parsed: passedOver(),
    // What other services answer with beside the text, so that it stands in histories.
    id: passedOver(),
    reasoning: passedOver(),
    reasoning_content: passedOver(),
    reasoning_details: passedOver(),
    thinking_blocks: passedOver(),
    provider_specific_fields: passedOver(),
  })
  .refine(
    ({ content, refusal, tool_calls: calls, function_call: call }) =>
      content !== undefined || refusal !== undefined || call !== undefined || (calls && calls.length > 0),
    { path: ['content'], error: 'text, or a list of parts, in a message without tool_calls' },
  )

/** A message in the form of OpenAI's API reference (Chat), limited to what a text model reads. */
export const Message = z.discriminatedUnion('role', [
  z.strictObject({ role: z.enum(['system', 'developer', 'user']), content: Content, name }),
  Assistant,
  z.strictObject({ role: z.literal('tool'), content: optional(Content), tool_call_id: ToolCallId, name }),
  // The deprecated form of a tool's answer.
  z.strictObject({ role: z.literal('function'), content: optional(Content), name: z.string().max(256) }),
])
export type Message = z.infer<typeof Message>

/** A message in the host's form. */
export const HostMessage = z.union([
  z.strictObject({ role: z.enum(['system', 'user', 'assistant']), content: z.string() }),
  z.strictObject({ role: z.literal('assistant'), content: z.string().nullable(), tool_calls: ToolCalls }),
  z.strictObject({ role: z.literal('tool'), content: z.string(), tool_call_id: ToolCallId }),
])
export type HostMessage = z.infer<typeof HostMessage>
