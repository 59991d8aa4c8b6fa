import { imageDataOf } from '../../shared/data-url.ts'
import { TwohopError } from '../../shared/errors.ts'
import type { HostChatRequest, HostTokensRequest } from '../../shared/openai/chat.ts'
import { type HostPart, partsOf } from '../../shared/openai/content.ts'
import type { HostMessage } from '../../shared/openai/messages.ts'
import type { ToolCall } from '../../shared/openai/structure.ts'
import { parseJson } from '../../shared/parse-json.ts'
import { unsupported } from './foreign-refusal.ts'

type Block = { type: string; [field: string]: unknown }
type Turn = { role: 'user' | 'assistant'; content: Block[] }

/** Fields that have no counterpart, each with the value that asks for nothing. */
const WITHOUT: readonly (readonly [keyof HostChatRequest, unknown])[] = [
  ['n', 1],
  ['logprobs', undefined],
  ['min_p', 0],
  ['repetition_penalty', 1],
  ['frequency_penalty', 0],
  ['presence_penalty', 0],
  ['logit_bias', undefined],
  ['seed', undefined],
  ['structured_outputs', undefined],
]

/**
 * A chat as Anthropic's Messages API takes it (platform.claude.com/docs/en/api/messages).
 * @throws TwohopError invalid_request for a field that changes the answer and that it does not have
 */
export function messagesBody(request: HostChatRequest): object {
  for (const [field, nothing] of WITHOUT)
    if (request[field] !== undefined && request[field] !== nothing) throw unsupported(field)
  const { max_tokens, temperature, top_p, top_k, stop, stream, response_format: format } = request
  if (temperature !== undefined && temperature > 1) throw unsupported('temperature')
  if (format?.type === 'json_object') throw unsupported('response_format')
  return {
    ...promptBody(request),
    max_tokens,
    stream,
    ...(temperature !== undefined && { temperature }),
    ...(top_p !== undefined && { top_p }),
    ...(top_k !== undefined && top_k > 0 && { top_k }),
    ...(stop.length > 0 && { stop_sequences: stop }),
    ...(format?.type === 'json_schema' && {
      output_config: { format: { type: 'json_schema', schema: format.json_schema.schema } },
    }),
  }
}

type Prompt = HostTokensRequest & Pick<HostChatRequest, 'parallel_tool_calls'>

/** What of a chat becomes tokens of the prompt. */
export function promptBody({
  model,
  messages,
  tools,
  tool_choice: choice,
  parallel_tool_calls: parallel,
}: Prompt): object {
  const system = messages.flatMap(({ role, content }) => (role === 'system' && content ? [content] : []))
  return {
    model,
    messages: turnsOf(messages),
    // There is one place for it, before all turns.
    ...(system.length > 0 && { system: system.join('\n\n') }),
    ...(tools && {
      tools: tools.map(({ function: { name, description, parameters } }) => ({
        name,
        ...(description !== undefined && { description }),
        input_schema: { type: 'object', ...parameters },
      })),
    }),
    ...(tools && (choice !== undefined || parallel === false) && { tool_choice: choiceOf(choice, parallel) }),
  }
}

function choiceOf(choice: HostChatRequest['tool_choice'] = 'auto', parallel = true): object {
  if (choice === 'none') return { type: 'none' }
  const one = parallel ? {} : { disable_parallel_tool_use: true }
  if (typeof choice !== 'string') return { type: 'tool', name: choice.function.name, ...one }
  return { type: choice === 'required' ? 'any' : 'auto', ...one }
}

/** Messages as turns: what comes from the same side is one. Texts without anything are left out, as the API refuses them. */
function turnsOf(messages: readonly HostMessage[]): Turn[] {
  const turns: Turn[] = []
  const idOf = createIds()
  for (const [i, message] of messages.entries()) {
    if (message.role === 'system') continue
    const role = message.role === 'assistant' ? 'assistant' : 'user'
    const content = blocksOf(message, i, idOf)
    const last = turns.at(-1)
    if (last?.role === role) last.content.push(...content)
    else if (content.length > 0) turns.push({ role, content })
  }
  return turns
}

function blocksOf(message: HostMessage, i: number, idOf: (id: string) => string): Block[] {
  if (message.role === 'user') return partsOf(message.content).flatMap(blockOf)
  const text: Block[] = message.content ? [{ type: 'text', text: message.content }] : []
  if (message.role === 'tool')
    return [
      {
        type: 'tool_result',
        tool_use_id: idOf(message.tool_call_id),
        ...(text.length > 0 && { content: message.content }),
      },
    ]
  if (!('tool_calls' in message)) return text
  return [
    ...text,
    ...message.tool_calls.map((call, j) => toolUse(call, `messages[${i}].tool_calls[${j}]`, idOf)),
  ]
}

/** An empty text is left out. */
function blockOf(part: HostPart): Block[] {
  if (part.type === 'text') return part.text === '' ? [] : [part]
  const { mediaType: media_type, data } = imageDataOf(part.image_url.url)
  return [{ type: 'image', source: { type: 'base64', media_type, data } }]
}

/** @throws TwohopError invalid_request where the arguments are no JSON object: the API takes nothing else */
function toolUse({ id, function: called }: ToolCall, path: string, idOf: (id: string) => string): Block {
  const input = called.arguments.trim() === '' ? {} : parseJson(called.arguments)
  if (typeof input !== 'object' || input === null || Array.isArray(input))
    throw new TwohopError('invalid_request', 'Expected a JSON object as text, found something else.', {
      param: `${path}.function.arguments`,
    })
  return { type: 'tool_use', id: idOf(id), name: called.name, input }
}

/** Ids of calls in the form that the API takes. One that has another form gets a new one, the same each time. */
function createIds(): (id: string) => string {
  const others = new Map<string, string>()
  return function idOf(id) {
    if (/^[\w-]{1,256}$/.test(id)) return id
    const known = others.get(id) ?? `call_other_${others.size}`
    others.set(id, known)
    return known
  }
}
