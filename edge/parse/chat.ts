import { ChatRequest } from '../../shared/openai/chat.ts'
import { parseAs } from '../../shared/parse-as.ts'
import type { Entitlement } from '../access/entitlement.ts'
import { chatWork } from './chat-work.ts'
import { hostMessages } from './messages.ts'
import type { Work } from './work.ts'

/** `POST /v1/chat/completions` -> work. @throws TwohopError as parseAs and chatWork do */
export function parseChat(input: unknown, entitlement: Entitlement): Work {
  const chat = parseAs(ChatRequest, input)
  const field = chat.max_completion_tokens !== undefined ? 'max_completion_tokens' : 'max_tokens'
  return chatWork(
    {
      ...chat,
      messages: hostMessages(chat.messages),
      limit: { field, tokens: chat[field] },
      logprobs: chat.logprobs ? (chat.top_logprobs ?? 0) : undefined,
      includeUsage: chat.stream_options?.include_usage,
    },
    entitlement,
  )
}
