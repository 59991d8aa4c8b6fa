import * as z from 'zod'
import { HostChatRequest, HostTokensRequest } from '../../shared/openai/chat.ts'
import { messageAnswer } from './anthropic-answer.ts'
import { messagesBody, promptBody } from './anthropic-request.ts'
import { createMessageReader } from './anthropic-stream.ts'
import type { Dialect } from './foreign-host.ts'

/** The version of the API whose forms are read here (platform.claude.com/docs/en/api/versioning). */
const VERSION = '2023-06-01'

const headers = (key: string | undefined): Record<string, string> => ({
  'anthropic-version': VERSION,
  ...(key !== undefined && { 'x-api-key': key }),
})
const Counted = z.object({ input_tokens: z.int().min(0) })

/** What Anthropic's Messages API is asked for a chat, and what its answers say. */
export function anthropicDialect(now: () => number): Dialect {
  return {
    ask: ({ request }, key) => ({
      path: '/v1/messages',
      headers: headers(key),
      body: messagesBody(HostChatRequest.parse(request)),
    }),
    whole: (said, call, tally) => messageAnswer(said, call, tally, now),
    stream: (_, tally) => createMessageReader(tally),
    probe: (key) => ({ path: '/v1/models?limit=1', headers: headers(key) }),
    count: {
      ask: ({ request }, key) => ({
        path: '/v1/messages/count_tokens',
        headers: headers(key),
        body: promptBody(HostTokensRequest.parse(request)),
      }),
      read: (said) => Counted.safeParse(said).data?.input_tokens,
    },
  }
}
