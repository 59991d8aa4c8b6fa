import { ChatRequest, type HostChatRequest } from '../../shared/openai/chat.ts'
import type { Entitlement } from '../access/entitlement.ts'
import { worstCase } from '../budget/estimate.ts'
import { parseAs } from '../parse/body.ts'
import { generation } from '../parse/generation.ts'
import { outputTokens, type Work } from '../parse/work.ts'

/** `POST /v1/chat/completions` -> work. Throws what parsing and entitlement throw. */
export function parseChat(input: unknown, entitlement: Entitlement): Work {
  const chat = parseAs(ChatRequest, input)
  const model = entitlement.requireModel(chat.model, 'chat')
  const field = chat.max_completion_tokens != null ? 'max_completion_tokens' : 'max_tokens'
  const tokens = outputTokens(entitlement.plan, model, { field, tokens: chat[field] })
  const request: HostChatRequest = {
    model: model.id,
    messages: chat.messages.map(({ role, content }) => ({ role, content: content.toWellFormed() })),
    ...generation(chat, tokens),
  }
  return {
    task: 'chat',
    model,
    path: '/v1/chat/completions',
    request,
    stream: chat.stream,
    includeUsage: chat.stream_options?.include_usage ?? false,
    worst: worstCase(
      model,
      request.messages.map((message) => message.content),
      tokens,
    ),
  }
}
