import * as z from 'zod'
import { ImageUrl } from '../data-url.ts'
import { honoured, ignored, onlyNull, optional, refused, required } from '../openai/field.ts'
import { MOST_MESSAGES, MOST_PARTS, passedOver } from '../openai/messages.ts'
import { MOST_STOPS, OutputTokens, Stop, sampling, Word } from '../openai/sampling.ts'
import { CALLS_UNSAID, FunctionName, JsonSchema, MOST_TOOLS, ToolCallId } from '../openai/structure.ts'

const Text = z
  .strictObject({
    type: z.literal('text'),
    text: z.string(),
    cache_control: passedOver(),
    citations: passedOver(),
  })
  .transform(({ type, text }) => ({ type, text }))

/** An image as base64. What it is made into is a data: URL, as all images are here. */
const Source = z
  .strictObject({
    type: z.literal('base64').describe('"base64" (nothing here fetches what a client names)'),
    media_type: z.enum(['image/png', 'image/jpeg', 'image/webp']),
    data: z.string(),
  })
  .transform(({ media_type, data }) => `data:${media_type};base64,${data}`)
  .pipe(ImageUrl)

const Image = z
  .strictObject({ type: z.literal('image'), source: Source, cache_control: passedOver() })
  .transform(({ type, source }) => ({ type, url: source }))

const ONLY_TEXT = 'a block of type "text" (only users show images here, and no chat model reads documents)'

/** Text, or blocks of it, as one text. */
const Texts = z.union([
  z.string(),
  z
    .array(z.discriminatedUnion('type', [Text]).describe(ONLY_TEXT))
    .max(MOST_PARTS)
    .transform((blocks) => blocks.map(({ text }) => text).join('')),
])

const ToolUse = z.strictObject({
  type: z.literal('tool_use'),
  id: ToolCallId,
  name: FunctionName,
  input: z.record(z.string(), z.unknown()),
  cache_control: passedOver(),
  caller: passedOver(),
  toolset_name: passedOver(),
})

const ToolResult = z.strictObject({
  type: z.literal('tool_result'),
  tool_use_id: ToolCallId,
  content: optional(Texts),
  is_error: optional(z.boolean()),
  cache_control: passedOver(),
  toolset_name: passedOver(),
})

/** How a model came to its answer: no model reads that again. */
const Thinking = z.looseObject({ type: z.enum(['thinking', 'redacted_thinking']) })

const UserBlock = z
  .discriminatedUnion('type', [Text, Image, ToolResult])
  .describe('a block of type "text", "image" or "tool_result" (no chat model here reads documents)')
const AssistantBlock = z
  .discriminatedUnion('type', [Text, ToolUse, Thinking])
  .describe('a block of type "text", "tool_use" or "thinking"')

const NO_PREFILL = "a message of the user's at the end (no model here goes on with one of its own)"

/** A message in the form of Anthropic's API reference (Messages), limited to what a model here reads. */
const Message = z.discriminatedUnion('role', [
  z.strictObject({
    role: z.literal('user'),
    content: z.union([z.string(), z.array(UserBlock).min(1).max(MOST_PARTS)]),
  }),
  z.strictObject({
    role: z.literal('assistant'),
    content: z.union([z.string(), z.array(AssistantBlock).max(MOST_PARTS)]),
  }),
  z.strictObject({ role: z.literal('system'), content: Texts }),
])
export type Message = z.output<typeof Message>

/** A tool of the client's own. */
const Tool = z.strictObject({
  type: optional(z.literal('custom').describe('"custom", or nothing (no other kind of tool is supported)')),
  name: FunctionName,
  description: optional(z.string().max(4096)),
  input_schema: z.record(z.string(), z.unknown()),
  strict: optional(z.boolean()),
  allowed_callers: passedOver(),
  cache_control: passedOver(),
  defer_loading: passedOver(),
  eager_input_streaming: passedOver(),
  input_examples: passedOver(),
})
export type Tool = z.output<typeof Tool>

const alone = { disable_parallel_tool_use: optional(z.boolean()) }
const ToolChoice = z.discriminatedUnion('type', [
  z.strictObject({ type: z.enum(['auto', 'any']), ...alone }),
  z.strictObject({ type: z.literal('tool'), name: FunctionName, ...alone }),
  z.strictObject({ type: z.literal('none') }),
])
export type ToolChoice = z.output<typeof ToolChoice>

const Format = z.strictObject({ type: z.literal('json_schema'), schema: JsonSchema })

const PLAIN = 'Nothing here tells a model how long to think.'

/** What the prompt is made of, and what says nothing about it. */
const prompt = {
  model: required('One of `GET /v1/models`.', z.string().min(1).max(200)),
  messages: required(
    '[Messages](#messages): text, calls and their results. The last one is not the assistant’s.',
    z
      .array(Message)
      .min(1)
      .max(MOST_MESSAGES)
      .refine((messages) => messages.at(-1)?.role !== 'assistant', NO_PREFILL),
  ),
  system: honoured('A message of role `system` before the others. The texts of blocks are one text.', Texts),
  tools: honoured('Tools of your own only. An empty list is none.', z.array(Tool).max(MOST_TOOLS)),
  tool_choice: honoured(
    `\`disable_parallel_tool_use\`: at most one call an answer. ${CALLS_UNSAID}`,
    ToolChoice,
  ),
  output_config: honoured(
    '`format`: a schema, which is always enforced. `effort` is ignored.',
    z.strictObject({ format: optional(Format), effort: optional(Word) }),
  ),
  output_format: honoured('The older name of `output_config.format`, which comes first.', Format),
  thinking: refused(
    `${PLAIN} \`disabled\` and \`adaptive\` are taken.`,
    z
      .looseObject({ type: z.enum(['disabled', 'adaptive']) })
      .describe('an object of type "disabled" or "adaptive" (nothing here tells a model how long to think)'),
  ),
  cache_control: ignored(
    "The host's cache keeps what the next request of the same account begins with.",
    z.unknown(),
  ),
  speed: ignored('There is one.', Word),
  user_profile_id: ignored('The token says who asks.', z.string().max(512)),
  workspace_id: ignored('The token says who asks.', z.string().max(512)),
}

/** `POST /v1/messages` as a client sends it (Anthropic's API reference, Messages). */
export const MessagesRequest = z.strictObject({
  ...prompt,
  max_tokens: required('At most what the plan allows.', OutputTokens),
  temperature: honoured('0 always takes the likeliest token.', z.number().min(0).max(1)),
  top_p: sampling.top_p,
  top_k: honoured('This many of the likeliest tokens; 0 is all.', z.int().min(0).max(1_000_000)),
  stop_sequences: honoured(
    'None of them appears in the answer. In structured answers they do nothing.',
    z.array(Stop).max(MOST_STOPS),
  ),
  stream: honoured("Server-sent events, as Anthropic's API sends them.", z.boolean()),
  metadata: ignored('The token says who asks.', z.record(z.string(), z.unknown())),
  service_tier: ignored('There is one; the plan says how much of the host it gets.', Word),
  diagnostics: ignored('There are none.', z.unknown()),
  inference_geo: ignored('The host is where its operator put it.', Word),
  thread: refused(
    'Nothing here holds a conversation: each request has all of it.',
    onlyNull('nothing here holds a conversation; send all of it'),
  ),
  container: refused('Nothing here runs code.', onlyNull('nothing here runs code')),
})
export type MessagesRequest = z.output<typeof MessagesRequest>

/** `POST /v1/messages/count_tokens`: the same, without what says how to answer. */
export const CountTokensRequest = z.strictObject(prompt)
export type CountTokensRequest = z.output<typeof CountTokensRequest>
