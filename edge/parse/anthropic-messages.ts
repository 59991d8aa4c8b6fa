import {
  CountTokensRequest,
  type Message,
  MessagesRequest,
  type Tool,
  type ToolChoice,
} from '../../shared/anthropic/messages.ts'
import { TwohopError } from '../../shared/errors.ts'
import type { HostTokensRequest } from '../../shared/openai/chat.ts'
import { type HostPart, imagePart } from '../../shared/openai/content.ts'
import type { HostMessage } from '../../shared/openai/messages.ts'
import {
  type AskedToolChoice,
  MOST_ARGUMENTS,
  MOST_CALLS,
  type ToolCall,
} from '../../shared/openai/structure.ts'
import { parseAs } from '../../shared/parse-as.ts'
import type { Entitlement } from '../access/entitlement.ts'
import { withFieldsOf } from '../write/form.ts'
import { messageFieldOf, messagesForm } from '../write/messages.ts'
import { type ChatAsked, chatWork } from './chat-work.ts'
import { joined, userMessage } from './messages.ts'
import type { Work } from './work.ts'

/** `POST /v1/messages` -> the work of a chat. @throws TwohopError as parseAs and chatWork do */
export function parseMessages(input: unknown, entitlement: Entitlement): Work {
  const asked = parseAs(MessagesRequest, input)
  return withFieldsOf(messageFieldOf, () =>
    chatWork(
      {
        ...promptOf(asked),
        limit: { field: 'max_tokens', tokens: asked.max_tokens },
        temperature: asked.temperature,
        top_p: asked.top_p,
        top_k: asked.top_k,
        stop: asked.stop_sequences,
        stream: asked.stream,
        form: messagesForm(asked.model),
      },
      entitlement,
    ),
  )
}

/** What the host is asked for a count of tokens, and the most that there can be. */
export type CountAsked = Pick<Work, 'model' | 'worst' | 'imageBytes'> & { request: HostTokensRequest }

/** `POST /v1/messages/count_tokens`. @throws TwohopError as parseMessages does */
export function parseCountTokens(input: unknown, entitlement: Entitlement): CountAsked {
  const asked = parseAs(CountTokensRequest, input)
  return withFieldsOf(messageFieldOf, () => {
    const limit = { field: 'max_tokens', tokens: 1 }
    const { model, worst, request, ...rest } = chatWork({ ...promptOf(asked), limit }, entitlement)
    const { messages, tools, tool_choice } = request as HostTokensRequest
    return {
      model,
      worst,
      imageBytes: rest.imageBytes,
      request: {
        model: model.id,
        messages,
        ...(tools && { tools }),
        ...(tool_choice && { tool_choice }),
      },
    }
  })
}

/** The part of a chat that makes its prompt, and what its answer has to be. */
function promptOf(asked: CountTokensRequest): Omit<ChatAsked, 'limit'> {
  const { model, system, messages, tools, tool_choice: choice, output_config: config } = asked
  const format = config?.format ?? asked.output_format
  return {
    model,
    messages: messagesOf(system, messages),
    tools: tools?.map(toolOf),
    tool_choice: choice && toolChoiceOf(choice),
    parallel_tool_calls: choice && parallelOf(choice),
    response_format: format && {
      type: 'json_schema',
      json_schema: { name: 'output', schema: format.schema },
    },
  }
}

/** The messages of a chat. Turns of the same role that follow each other are one, as in Anthropic's API. */
function messagesOf(system: string | undefined, sent: readonly Message[]): HostMessage[] {
  const turns: Turn[] = []
  if (system !== undefined) turns.push({ role: 'system', content: system.toWellFormed() })
  for (const [i, message] of sent.entries()) {
    if (message.role === 'system') turns.push({ role: 'system', content: message.content.toWellFormed() })
    else if (message.role === 'user') addUser(turns, message.content)
    else addAssistant(turns, message.content, i)
  }
  return turns.map((turn) => ('parts' in turn ? userMessage(turn.parts) : turn))
}

/** A message, or the parts of a user's: they are one message once it has ended, and not anew with each that follows. */
type Turn = HostMessage | { role: 'user'; parts: HostPart[] }

type ContentOf<Role> = Extract<Message, { role: Role }>['content']

const BETWEEN_TURNS = '\n\n'

function addUser(turns: Turn[], content: ContentOf<'user'>): void {
  const blocks = typeof content === 'string' ? [{ type: 'text' as const, text: content }] : content
  let parts: HostPart[] = []
  for (const block of blocks)
    if (block.type === 'text') parts.push(block)
    else if (block.type === 'image') parts.push(imagePart(block.url))
    else {
      if (parts.length > 0) addParts(turns, parts)
      parts = []
      turns.push({
        role: 'tool',
        content: `${block.is_error ? 'Error: ' : ''}${block.content ?? ''}`.toWellFormed(),
        tool_call_id: block.tool_use_id,
      })
    }
  if (parts.length > 0) addParts(turns, parts)
}

function addParts(turns: Turn[], parts: HostPart[]): void {
  const last = turns.at(-1)
  if (last && 'parts' in last) last.parts.push({ type: 'text', text: BETWEEN_TURNS }, ...parts)
  else turns.push({ role: 'user', parts })
}

function addAssistant(turns: Turn[], content: ContentOf<'assistant'>, place: number): void {
  const blocks = typeof content === 'string' ? [{ type: 'text' as const, text: content }] : content
  const texts = blocks.flatMap((block) => (block.type === 'text' ? [block.text] : []))
  const calls = blocks.flatMap((block, i): ToolCall[] =>
    block.type === 'tool_use' ? [callOf(block, `messages[${place}].content[${i}].input`)] : [],
  )
  if (calls.length > MOST_CALLS)
    throw new TwohopError(
      'invalid_request',
      `Expected at most ${MOST_CALLS} blocks of type "tool_use", found ${calls.length}.`,
      { param: `messages[${place}].content` },
    )
  const text = texts.join('').toWellFormed()
  const last = turns.at(-1)
  const goesOn = last?.role === 'assistant' && !('tool_calls' in last) ? last : undefined
  if (goesOn) turns.pop()
  const all = joined(goesOn?.content, text, BETWEEN_TURNS)
  if (calls.length === 0) turns.push({ role: 'assistant', content: all })
  else turns.push({ role: 'assistant', content: all === '' ? null : all, tool_calls: calls })
}

function callOf({ id, name, input }: { id: string; name: string; input: object }, param: string): ToolCall {
  const given = JSON.stringify(input).toWellFormed()
  if (given.length > MOST_ARGUMENTS)
    throw new TwohopError(
      'invalid_request',
      `Expected at most ${MOST_ARGUMENTS} characters of JSON, found ${given.length}.`,
      { param },
    )
  return { id, type: 'function', function: { name, arguments: given } }
}

const toolOf = ({ name, description, input_schema: parameters, strict }: Tool) => ({
  type: 'function' as const,
  function: {
    name,
    ...(description !== undefined && { description }),
    parameters,
    ...(strict !== undefined && { strict }),
  },
})

function toolChoiceOf(choice: ToolChoice): AskedToolChoice {
  if (choice.type === 'tool') return { type: 'function', function: { name: choice.name } }
  return choice.type === 'any' ? 'required' : choice.type
}

/** Whether there may be several calls, where the request says so. */
function parallelOf(choice: ToolChoice): boolean | undefined {
  const alone = 'disable_parallel_tool_use' in choice ? choice.disable_parallel_tool_use : undefined
  return alone === undefined ? undefined : !alone
}
