import * as z from 'zod'
import type { GenerationUsage } from '../usage.ts'
import { hostGeneration, ignored, OutputTokens, onlyDefaults, sampling, streaming } from './sampling.ts'

const TextPart = z.strictObject({
  type: z.literal('text', 'only text parts are supported'),
  text: z.string(),
})

const Content = z.union([
  z.string(),
  z
    .array(TextPart)
    .min(1)
    .transform((parts) => parts.map((part) => part.text).join('')),
])

const Message = z.strictObject({
  role: z
    .enum(['system', 'developer', 'user', 'assistant'])
    .transform((role) => (role === 'developer' ? ('system' as const) : role)),
  content: Content,
  name: z.string().max(64).optional(),
})

/** `POST /v1/chat/completions` as a client sends it (OpenAI's API reference, Chat). */
export const ChatRequest = z.strictObject({
  model: z.string().min(1).max(200),
  messages: z.array(Message).min(1).max(256),
  max_tokens: OutputTokens.nullish(),
  max_completion_tokens: OutputTokens.nullish(),
  ...streaming,
  ...sampling,
  ...onlyDefaults,
  ...ignored,
  logprobs: z.literal(false, 'not supported').nullish(),
  response_format: z.strictObject({ type: z.literal('text', 'only text is supported') }).optional(),
})
export type ChatRequest = z.infer<typeof ChatRequest>

/** The same request as the edge sends it to the host: every choice made, nothing left to a default. */
export const HostChatRequest = z.strictObject({
  model: z.string().min(1).max(200),
  messages: z
    .array(z.strictObject({ role: z.enum(['system', 'user', 'assistant']), content: z.string() }))
    .min(1)
    .max(256),
  ...hostGeneration,
})
export type HostChatRequest = z.infer<typeof HostChatRequest>

export type FinishReason = 'stop' | 'length'

/** A whole answer. */
export type ChatCompletion = {
  id: string
  object: 'chat.completion'
  created: number
  model: string
  choices: {
    index: 0
    message: { role: 'assistant'; content: string; refusal: null }
    logprobs: null
    finish_reason: FinishReason
  }[]
  usage: GenerationUsage
}

/** One event of a streamed answer. The one that carries the final usage has no choices. */
export type ChatCompletionChunk = {
  id: string
  object: 'chat.completion.chunk'
  created: number
  model: string
  choices: {
    index: 0
    delta: { role?: 'assistant'; content?: string }
    logprobs: null
    finish_reason: FinishReason | null
  }[]
  usage?: GenerationUsage | null
}
