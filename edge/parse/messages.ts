import type { ChatRequest, HostMessage } from '../../shared/openai/chat.ts'
import { toolCallBytes, toolResponseBytes } from '../../shared/openai/tool-text.ts'

/** A message in the host's form. Halves of surrogate pairs are replaced: no tokenizer knows one. */
export function hostMessage(message: ChatRequest['messages'][number]): HostMessage {
  if (message.role === 'tool')
    return {
      role: 'tool',
      content: message.content.toWellFormed(),
      tool_call_id: message.tool_call_id,
    }
  const content = message.content?.toWellFormed()
  if (message.role !== 'assistant')
    return { role: message.role === 'user' ? 'user' : 'system', content: content ?? '' }
  const calls = message.tool_calls
  return calls === undefined
    ? { role: 'assistant', content: content ?? '' }
    : { role: 'assistant', content: content ?? null, tool_calls: calls }
}

/** The most bytes that a message adds to the prompt besides its content: tool calls, or a tool answer's markers. */
export function toolBytes(message: HostMessage): number {
  if (message.role === 'tool') return toolResponseBytes(message.content)
  return 'tool_calls' in message ? toolCallBytes(message.tool_calls) : 0
}
