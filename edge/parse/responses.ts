import { partsOf } from '../../shared/openai/content.ts'
import type { HostMessage } from '../../shared/openai/messages.ts'
import {
  type FlatFormat,
  type FlatTool,
  type FlatToolChoice,
  INCLUDE_LOGPROBS,
  type InputItem,
  ResponsesRequest,
} from '../../shared/openai/responses.ts'
import {
  type AskedToolChoice,
  MOST_CALLS,
  type ResponseFormat,
  type Tool,
  type ToolCall,
} from '../../shared/openai/structure.ts'
import { parseAs } from '../../shared/parse-as.ts'
import type { Entitlement } from '../access/entitlement.ts'
import { withFieldsOf } from '../write/form.ts'
import { responsesForm } from '../write/responses.ts'
import { chatWork } from './chat-work.ts'
import { userMessage } from './messages.ts'
import type { Work } from './work.ts'

/** `POST /v1/responses` -> the work of a chat. @throws TwohopError as parseAs and chatWork do */
export function parseResponses(input: unknown, entitlement: Entitlement): Work {
  const asked = parseAs(ResponsesRequest, input)
  const { tools = [], tool_choice: choice, text, instructions, include = [] } = asked
  const format = text?.format ?? { type: 'text' }
  const logprobs = include.includes(INCLUDE_LOGPROBS) ? (asked.top_logprobs ?? 0) : undefined
  const form = responsesForm({
    model: asked.model,
    instructions: instructions ?? null,
    max_output_tokens: asked.max_output_tokens ?? null,
    metadata: asked.metadata ?? {},
    parallel_tool_calls: asked.parallel_tool_calls ?? true,
    temperature: asked.temperature ?? null,
    top_p: asked.top_p ?? null,
    text: { format },
    tool_choice: choice ?? 'auto',
    tools,
    top_logprobs: logprobs ?? 0,
  })
  return withFieldsOf(form.fieldOf, () =>
    chatWork(
      {
        model: asked.model,
        messages: messagesOf(instructions, asked.input),
        limit: { field: 'max_output_tokens', tokens: asked.max_output_tokens },
        temperature: asked.temperature,
        top_p: asked.top_p,
        logprobs,
        tools: tools.map(toolOf),
        tool_choice: choice && toolChoiceOf(choice),
        parallel_tool_calls: asked.parallel_tool_calls,
        response_format: formatOf(format),
        stream: asked.stream,
        form,
      },
      entitlement,
    ),
  )
}

/** The messages of a chat. Calls of one turn, and the text before them, are one message. */
function messagesOf(instructions: string | undefined, input: string | InputItem[]): HostMessage[] {
  const messages: HostMessage[] = []
  if (instructions !== undefined) messages.push({ role: 'system', content: instructions.toWellFormed() })
  if (typeof input === 'string') messages.push({ role: 'user', content: input.toWellFormed() })
  else for (const item of input) add(messages, item)
  return messages
}

function add(messages: HostMessage[], item: InputItem): void {
  switch (item.type) {
    case 'message':
      if (item.role === 'user') messages.push(userMessage(partsOf(item.content)))
      else
        messages.push({
          role: item.role === 'developer' ? 'system' : item.role,
          content: item.content.toWellFormed(),
        })
      return
    case 'function_call': {
      const { call_id: id, name, arguments: given } = item
      const call: ToolCall = { id, type: 'function', function: { name, arguments: given } }
      const last = messages.at(-1)
      const calls = last && 'tool_calls' in last ? last.tool_calls : []
      if (last?.role !== 'assistant' || calls.length === MOST_CALLS)
        messages.push({ role: 'assistant', content: null, tool_calls: [call] })
      else
        messages[messages.length - 1] = {
          role: 'assistant',
          content: last.content,
          tool_calls: [...calls, call],
        }
      return
    }
    case 'function_call_output':
      messages.push({ role: 'tool', content: item.output.toWellFormed(), tool_call_id: item.call_id })
      return
    case 'reasoning':
      return
  }
}

const toolOf = ({ name, description, parameters, strict }: FlatTool): Tool => ({
  type: 'function',
  function: {
    name,
    ...(description !== undefined && { description }),
    ...(parameters && { parameters }),
    ...(strict !== undefined && { strict }),
  },
})

function toolChoiceOf(choice: FlatToolChoice): AskedToolChoice {
  const named = (name: string) => ({ type: 'function' as const, function: { name } })
  if (typeof choice === 'string') return choice
  if (choice.type === 'function') return named(choice.name)
  const { mode, tools } = choice
  return { type: 'allowed_tools', allowed_tools: { mode, tools: tools.map(({ name }) => named(name)) } }
}

function formatOf(format: FlatFormat): ResponseFormat | undefined {
  if (format.type === 'text') return undefined
  if (format.type === 'json_object') return format
  const { type, name, description, schema, strict } = format
  return {
    type,
    json_schema: {
      name,
      schema,
      ...(description !== undefined && { description }),
      ...(strict !== undefined && { strict }),
    },
  }
}
