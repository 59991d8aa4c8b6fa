import { ChatRequest, type HostChatRequest } from '../../shared/openai/chat.ts'
import { refuseLargeStructure } from '../../shared/openai/structure-size.ts'
import { toolPromptBytes } from '../../shared/openai/tool-text.ts'
import { parseAs } from '../../shared/parse-as.ts'
import type { Entitlement } from '../access/entitlement.ts'
import { generation } from './generation.ts'
import { hostMessages, toolBytes } from './messages.ts'
import { offered } from './tools.ts'
import { outputTokens, type Work } from './work.ts'
import { worstCase } from './worst-case.ts'

/** `POST /v1/chat/completions` -> work. @throws TwohopError as parseAs, refuseLargeStructure, entitlement and outputTokens do */
export function parseChat(input: unknown, entitlement: Entitlement): Work {
  const chat = parseAs(ChatRequest, input)
  refuseLargeStructure(chat)
  const { response_format, structured_outputs, parallel_tool_calls } = chat
  const { tools, tool_choice } = offered(chat)
  const model = entitlement.requireModel(chat.model, 'chat')
  const field = chat.max_completion_tokens !== undefined ? 'max_completion_tokens' : 'max_tokens'
  const answers = chat.n ?? 1
  const tokens = outputTokens(entitlement.plan, model, { field, tokens: chat[field], answers })
  const messages = hostMessages(chat.messages)
  const request: HostChatRequest = {
    model: model.id,
    messages,
    ...generation(chat, tokens, chat.logprobs ? (chat.top_logprobs ?? 0) : undefined),
    ...(response_format && { response_format }),
    ...(structured_outputs && { structured_outputs }),
    ...(tools && { tools }),
    ...(tool_choice && { tool_choice }),
    ...(parallel_tool_calls !== undefined && { parallel_tool_calls }),
  }
  const extra = messages.reduce((sum, one) => sum + toolBytes(one), tools ? toolPromptBytes(tools) : 0)
  return {
    task: 'chat',
    model,
    path: '/v1/chat/completions',
    request,
    stream: chat.stream ?? false,
    includeUsage: chat.stream_options?.include_usage ?? false,
    worst: worstCase(
      model,
      messages.map(({ content }) => content ?? ''),
      answers * tokens,
      extra,
    ),
  }
}
