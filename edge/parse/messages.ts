import { contentOf, type HostPart, partsOf } from '../../shared/openai/content.ts'
import type { HostMessage, Message } from '../../shared/openai/messages.ts'
import type { ToolCall } from '../../shared/openai/structure.ts'
import { toolCallBytes, toolResponseBytes } from '../../shared/openai/tool-text.ts'

/**
 * Messages in the host's form. The deprecated `function_call` and the messages of role `function` become a call and the
 * answer to it. Halves of surrogate pairs are replaced: no tokenizer knows one.
 */
export function hostMessages(messages: readonly Message[]): HostMessage[] {
  /** The id of the last function call, which a message of role `function` answers. */
  let called = 'function_call'
  return messages.map((message, i) => {
    if (message.role === 'assistant') {
      if (message.function_call) called = `function_call_${i}`
      return answered(message, called)
    }
    if (message.role === 'user') return userMessage(partsOf(message.content))
    const content = message.content?.toWellFormed() ?? ''
    if (message.role === 'tool') return { role: 'tool', content, tool_call_id: message.tool_call_id }
    if (message.role === 'function') return { role: 'tool', content, tool_call_id: called }
    return { role: 'system', content }
  })
}

/** What a user says and shows, as a message. */
export function userMessage(parts: readonly HostPart[]): HostMessage {
  const content = contentOf(parts)
  return typeof content === 'string' ? { role: 'user', content } : { role: 'user', content }
}

/** What the model said before: the refusal, too, is its text. `functionId` is the id of its function call. */
function answered(message: Extract<Message, { role: 'assistant' }>, functionId: string): HostMessage {
  const { content, refusal, tool_calls: tools = [], function_call: call } = message
  const text = content === undefined ? refusal : [content, refusal].filter(Boolean).join('\n')
  const calls: ToolCall[] = tools.map(({ id, type, function: { name, arguments: given } }) => ({
    id,
    type,
    function: { name, arguments: given },
  }))
  if (call) calls.push({ id: functionId, type: 'function', function: call })
  if (calls.length === 0) return { role: 'assistant', content: text?.toWellFormed() ?? '' }
  return { role: 'assistant', content: text?.toWellFormed() ?? null, tool_calls: calls }
}

/**
 * Two texts with something between them, or the one that is there. Array.join writes all of it anew each time, so a thousand short
 * texts after a long one would cost a thousand long ones.
 */
export function joined(before: string | undefined, text: string, between: string): string {
  return before && text ? before + between + text : before || text
}

/** The most bytes that a message adds to the prompt besides its content: tool calls, or a tool answer's markers. */
export function toolBytes(message: HostMessage): number {
  if (message.role === 'tool') return toolResponseBytes(message.content)
  return 'tool_calls' in message ? toolCallBytes(message.tool_calls) : 0
}
