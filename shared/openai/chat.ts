import * as z from 'zod'
import type { GenerationUsage } from '../usage.ts'
import { hostGeneration, ignored, MOST_TOP_LOGPROBS, OutputTokens, sampling, streaming } from './sampling.ts'
import { structure, type ToolCall, type ToolCallDelta, ToolCallId, ToolCalls } from './structure.ts'

const TextPart = z.strictObject({
  type: z.literal('text', 'only text parts are supported'),
  text: z.string(),
})

/** Parts of one message. A list without a bound is a list of as many complaints. */
const MOST_PARTS = 1000

const Content = z.union([
  z.string(),
  z
    .array(TextPart)
    .min(1)
    .max(MOST_PARTS)
    .transform((parts) => parts.map((part) => part.text).join('')),
])

const name = z.string().max(64).optional()

/** Messages as in OpenAI's API reference, limited to what a text model reads. */
const Message = z.discriminatedUnion('role', [
  z.strictObject({ role: z.enum(['system', 'developer', 'user']), content: Content, name }),
  z
    .strictObject({
      role: z.literal('assistant'),
      content: Content.nullish(),
      tool_calls: ToolCalls.optional(),
      refusal: z.null('not supported').optional(),
      name,
    })
    .refine(({ content, tool_calls }) => content != null || tool_calls !== undefined, {
      path: ['content'],
      message: 'a message without tool_calls has a content',
    }),
  z.strictObject({ role: z.literal('tool'), content: Content, tool_call_id: ToolCallId }),
])

/** The same in the host's form. */
const HostMessage = z.union([
  z.strictObject({ role: z.enum(['system', 'user', 'assistant']), content: z.string() }),
  z.strictObject({ role: z.literal('assistant'), content: z.string().nullable(), tool_calls: ToolCalls }),
  z.strictObject({ role: z.literal('tool'), content: z.string(), tool_call_id: ToolCallId }),
])
export type HostMessage = z.infer<typeof HostMessage>

/** `POST /v1/chat/completions` as a client sends it (OpenAI's API reference, Chat). */
export const ChatRequest = z.strictObject({
  model: z.string().min(1).max(200),
  messages: z.array(Message).min(1).max(256),
  max_tokens: OutputTokens.nullish(),
  max_completion_tokens: OutputTokens.nullish(),
  ...streaming,
  ...sampling,
  ...ignored,
  ...structure,
  logprobs: z.boolean().nullish(),
  top_logprobs: z.int().min(0).max(MOST_TOP_LOGPROBS).nullish(),
})
export type ChatRequest = z.infer<typeof ChatRequest>

/** The same request as the edge sends it to the host, with every default filled in. */
export const HostChatRequest = z.strictObject({
  model: z.string().min(1).max(200),
  messages: z.array(HostMessage).min(1).max(256),
  ...hostGeneration,
  ...structure,
})
export type HostChatRequest = z.infer<typeof HostChatRequest>

export type FinishReason = 'stop' | 'length' | 'tool_calls'

/** A token's log probability; `bytes` are the token's own bytes, which need not be whole characters. */
export type Logprob = { token: string; logprob: number; bytes: number[] }

/** The same, with the likeliest tokens at that position, likeliest first. */
export type TokenLogprob = Logprob & { top_logprobs: Logprob[] }
export type ChatLogprobs = { content: TokenLogprob[]; refusal: null }

/** A whole answer. */
export type ChatCompletion = {
  id: string
  object: 'chat.completion'
  created: number
  model: string
  choices: {
    index: number
    message: { role: 'assistant'; content: string | null; refusal: null; tool_calls?: ToolCall[] }
    logprobs: ChatLogprobs | null
    finish_reason: FinishReason
  }[]
  usage: GenerationUsage
}

/** One event of a streamed answer. The event with the final usage has no choices. */
export type ChatCompletionChunk = {
  id: string
  object: 'chat.completion.chunk'
  created: number
  model: string
  choices: {
    index: number
    delta: { role?: 'assistant'; content?: string; tool_calls?: ToolCallDelta[] }
    logprobs: ChatLogprobs | null
    finish_reason: FinishReason | null
  }[]
  usage?: GenerationUsage | null
}
