import * as z from 'zod'
import { ImageUrl } from '../data-url.ts'
import { contentOf, type HostPart, imagePart } from './content.ts'
import { honoured, ignored, onlyNull, optional, refused, required } from './field.ts'
import { Detail, MOST_PARTS, passedOver } from './messages.ts'
import {
  MOST_TOP_LOGPROBS,
  OutputTokens,
  sampling,
  streaming,
  unread,
  unreadByModels,
  Word,
} from './sampling.ts'
import { CALLS_UNSAID, FunctionName, JsonSchema, MOST_TOOLS, ToolCall, ToolCallId } from './structure.ts'

/** Items of one request. Several may become one message. */
const MOST_ITEMS = 1000

const ONLY_TEXT =
  'a part of type "input_text", "output_text" or "refusal" (only users show images here, and no chat model reads files)'
const TEXT_OR_IMAGE =
  'a part of type "input_text", "input_image", "output_text" or "refusal" (no chat model here reads files)'

const Text = z
  .strictObject({
    type: z.enum(['input_text', 'output_text']),
    text: z.string(),
    prompt_cache_breakpoint: passedOver(),
    annotations: passedOver(),
    logprobs: passedOver(),
    // The openai package adds it in `responses.parse`.
    parsed: passedOver(),
  })
  .transform(({ text }) => text)
const Refusal = z
  .strictObject({ type: z.literal('refusal'), refusal: z.string() })
  .transform(({ refusal }) => refusal)

const Content = z.union([
  z.string(),
  z
    .array(z.discriminatedUnion('type', [Text, Refusal]).describe(ONLY_TEXT))
    .max(MOST_PARTS)
    .transform((texts) => texts.join('')),
])

const Image = z
  .strictObject({
    type: z.literal('input_image'),
    image_url: ImageUrl,
    detail: optional(Detail),
    file_id: optional(onlyNull('no files are stored here')),
    prompt_cache_breakpoint: passedOver(),
  })
  .transform(({ image_url: url }) => imagePart(url))
const asPart = (text: string): HostPart => ({ type: 'text', text })

/** What a user says and shows. */
const UserContent = z.union([
  z.string(),
  z
    .array(
      z
        .discriminatedUnion('type', [Text.transform(asPart), Refusal.transform(asPart), Image])
        .describe(TEXT_OR_IMAGE),
    )
    .max(MOST_PARTS)
    .transform(contentOf),
])

/** What an item has beside what it says: its id and how far it got. Nothing here reads it again. */
const beside = { id: passedOver(), status: passedOver() }

const message = { type: z.literal('message'), ...beside, phase: passedOver() }
const MessageItem = z.discriminatedUnion('role', [
  z.strictObject({ ...message, role: z.literal('user'), content: UserContent }),
  z.strictObject({ ...message, role: z.enum(['system', 'developer', 'assistant']), content: Content }),
])

const FunctionCallItem = z.strictObject({
  type: z.literal('function_call'),
  call_id: ToolCallId,
  name: FunctionName,
  arguments: ToolCall.shape.function.shape.arguments,
  ...beside,
  namespace: passedOver(),
  caller: passedOver(),
  async: passedOver(),
  // The openai package adds it in `responses.parse`.
  parsed_arguments: passedOver(),
})

const FunctionCallOutputItem = z.strictObject({
  type: z.literal('function_call_output'),
  call_id: ToolCallId,
  output: Content,
  ...beside,
  name: passedOver(),
  namespace: passedOver(),
  caller: passedOver(),
})

/** How a model came to its answer: no model reads that again. */
const ReasoningItem = z.looseObject({ type: z.literal('reasoning') })

const ITEMS =
  'an item of type "message", "function_call", "function_call_output" or "reasoning" ' +
  '(nothing is stored here: in place of an "item_reference" send the item itself)'

const withoutType = (item: unknown) =>
  typeof item === 'object' && item !== null && !('type' in item) ? { type: 'message', ...item } : item

/** One item of `input`. A message need not say that it is one. */
export const InputItem = z.preprocess(
  withoutType,
  z
    .discriminatedUnion('type', [MessageItem, FunctionCallItem, FunctionCallOutputItem, ReasoningItem])
    .describe(ITEMS),
)
export type InputItem = z.output<typeof InputItem>

/** A function, in the flat form of this API. */
const FlatTool = z.strictObject({
  type: z.literal('function'),
  name: FunctionName,
  description: optional(z.string().max(4096)),
  parameters: optional(z.record(z.string(), z.unknown())),
  strict: optional(z.boolean()),
  allowed_callers: passedOver(),
  async: passedOver(),
  defer_loading: passedOver(),
  output_schema: passedOver(),
})
export type FlatTool = z.output<typeof FlatTool>

const NamedTool = z.strictObject({ type: z.literal('function'), name: FunctionName })
const FlatToolChoice = z.union([
  z.enum(['none', 'auto', 'required']),
  z.discriminatedUnion('type', [
    NamedTool,
    z.strictObject({
      type: z.literal('allowed_tools'),
      mode: z.enum(['auto', 'required']),
      tools: z.array(NamedTool).min(1).max(MOST_TOOLS),
    }),
  ]),
])
export type FlatToolChoice = z.output<typeof FlatToolChoice>

const FlatFormat = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('text') }),
  z.strictObject({ type: z.literal('json_object') }),
  z.strictObject({
    type: z.literal('json_schema'),
    name: FunctionName,
    description: optional(z.string().max(4096)),
    schema: JsonSchema,
    strict: optional(z.boolean()),
  }),
])
export type FlatFormat = z.output<typeof FlatFormat>

/** What `include` has to name for the log probabilities of the answer's tokens. */
export const INCLUDE_LOGPROBS = 'message.output_text.logprobs'

const NOTHING_STORED = 'Nothing is stored here: send all that was said before in `input`.'

/** `POST /v1/responses` as a client sends it (OpenAI's API reference, Responses). Nothing is stored. */
export const ResponsesRequest = z.strictObject({
  model: required('One of `GET /v1/models`.', z.string().min(1).max(200)),
  input: required(
    'Text, or [items](#items).',
    z.union([z.string(), z.array(InputItem).min(1).max(MOST_ITEMS)]),
  ),
  instructions: honoured('A message of role `system` before the others.', z.string()),
  max_output_tokens: honoured('At most what the plan allows; its default where it is missing.', OutputTokens),
  temperature: sampling.temperature,
  top_p: sampling.top_p,
  stream: streaming.stream,
  text: honoured(
    '`format`: text, `json_object` or `json_schema`, which is always enforced. `verbosity` is ignored.',
    z.strictObject({ format: optional(FlatFormat), verbosity: optional(Word) }),
  ),
  tools: honoured(
    'Functions only. An empty list is none.',
    z
      .array(
        z
          .discriminatedUnion('type', [FlatTool])
          .describe('a tool of type "function" (no other kind of tool is supported)'),
      )
      .max(MOST_TOOLS),
  ),
  tool_choice: honoured('Of functions only; `allowed_tools` is the same as fewer `tools`.', FlatToolChoice),
  parallel_tool_calls: honoured(`\`false\`: at most one call an answer. ${CALLS_UNSAID}`, z.boolean()),
  include: honoured(
    `\`${INCLUDE_LOGPROBS}\` is honoured. All others are about items that no answer has here.`,
    z.array(Word).max(32),
  ),
  top_logprobs: honoured(
    `With \`${INCLUDE_LOGPROBS}\` in \`include\` only.`,
    z.int().min(0).max(MOST_TOP_LOGPROBS),
  ),
  user: unread.user,
  metadata: ignored('The answer repeats it. Nothing is stored.', unread.metadata),
  ...unreadByModels,
  access_programs: ignored('There are none.', z.record(z.string(), z.unknown())),
  image: ignored('It is of a tool that draws, of which there is none.', z.record(z.string(), z.unknown())),
  max_tool_calls: ignored('It counts built-in tools, of which there are none.', z.int()),
  reasoning: ignored('Nothing here tells a model how long to think.', z.record(z.string(), z.unknown())),
  stream_options: ignored(
    '`include_obfuscation`: nothing is padded.',
    z.strictObject({ include_obfuscation: optional(z.boolean()) }),
  ),
  truncation: ignored('A prompt that is too long is refused, whatever this says.', Word),
  background: refused(
    'An answer comes with its request. [Jobs](jobs.md) take long work.',
    z.literal(false).describe('false (an answer comes with its request)'),
  ),
  context_management: refused(
    'Nothing is left out of a prompt here.',
    z.array(z.unknown()).max(0).describe('null or an empty list (nothing is left out of a prompt here)'),
  ),
  conversation: refused(NOTHING_STORED, onlyNull('nothing is stored here')),
  moderation: refused('Nothing here moderates.', onlyNull('nothing here moderates')),
  previous_response_id: refused(
    NOTHING_STORED,
    onlyNull('nothing is stored here: send all that was said before in input'),
  ),
  prompt: refused('No prompts are stored here.', onlyNull('no prompts are stored here')),
  store: refused(
    'Without it nothing is stored either.',
    z.literal(false).describe('false (nothing is stored here)'),
  ),
})
export type ResponsesRequest = z.output<typeof ResponsesRequest>
