import type { Tool, ToolCall, ToolChoice } from '../../../shared/openai/structure.ts'
import {
  argumentsOf,
  CALL,
  CALL_TAIL,
  callHead,
  RESPONSE,
  RESPONSE_END,
  toolText,
} from '../../../shared/openai/tool-text.ts'

/** A message of a chat that may have called tools. */
export type ToolChatMessage =
  | { role: 'system' | 'user' | 'assistant'; content: string }
  | { role: 'assistant'; content: string | null; tool_calls: readonly ToolCall[] }
  | { role: 'tool'; content: string; tool_call_id: string }

export type ChatMessage = { role: 'system' | 'user' | 'assistant'; content: string }

/** What a chat template is given. `tools` is there only where the template knows of them. */
export type TemplateInput = { messages: readonly (ChatMessage | NativeMessage)[]; tools?: readonly Tool[] }

type NativeMessage =
  | { role: 'assistant'; content: string; tool_calls: { type: 'function'; function: NativeFunction }[] }
  | { role: 'tool'; content: string; name: string }
type NativeFunction = { name: string; arguments: unknown }

/**
 * What to give a model's chat template so that it knows the tools: the tools themselves where the template writes
 * calls the way answers do here, else a system text that explains them. With `none` they are not mentioned.
 * @param template The chat template's source (Jinja).
 */
export function promptWithTools(
  messages: readonly ToolChatMessage[],
  tools: readonly Tool[] | undefined,
  choice: ToolChoice,
  template: string,
): TemplateInput {
  const offered = tools !== undefined && choice !== 'none' ? tools : undefined
  if (writesCalls(template)) {
    const names = namesOf(messages)
    return { messages: messages.map((one) => native(one, names)), ...(offered && { tools: offered }) }
  }
  const plain = messages.map(spelledOut)
  if (offered === undefined) return { messages: plain }
  const text = toolText(offered)
  const [first, ...rest] = plain
  if (first?.role === 'system')
    return { messages: [{ role: 'system', content: `${first.content}\n\n${text}` }, ...rest] }
  return { messages: [{ role: 'system', content: text }, ...plain] }
}

/** Whether a chat template knows tools, and writes calls the way answers do here: its model was trained on them. */
export function writesCalls(template: string): boolean {
  return /\btools\b/.test(template) && template.includes(CALL)
}

function native(message: ToolChatMessage, names: ReadonlyMap<string, string>): ChatMessage | NativeMessage {
  if (message.role === 'tool')
    return { role: 'tool', content: message.content, name: names.get(message.tool_call_id) ?? '' }
  if (!('tool_calls' in message)) return message
  return {
    role: 'assistant',
    content: message.content ?? '',
    tool_calls: message.tool_calls.map((call) => ({
      type: 'function',
      function: { name: call.function.name, arguments: argumentsOf(call.function.arguments) },
    })),
  }
}

/** The same as text, for templates that know neither calls nor tools' answers. */
function spelledOut(message: ToolChatMessage): ChatMessage {
  if (message.role === 'tool')
    return { role: 'user', content: `${RESPONSE}\n${message.content}\n${RESPONSE_END}` }
  if (!('tool_calls' in message)) return message
  const calls = message.tool_calls.map(
    ({ function: { name, arguments: given } }) => callHead(name) + given + CALL_TAIL,
  )
  return { role: 'assistant', content: [message.content ?? '', ...calls].filter(Boolean).join('\n') }
}

/** The function that each call has called, by the call's id; the first, where several calls have the same. */
function namesOf(all: readonly ToolChatMessage[]): ReadonlyMap<string, string> {
  const calls = all.flatMap((message) => ('tool_calls' in message ? message.tool_calls : []))
  return new Map(calls.toReversed().map((call) => [call.id, call.function.name]))
}
