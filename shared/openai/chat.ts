import * as z from 'zod'
import type { GenerationUsage } from '../usage.ts'
import { honoured, ignored, onlyNull, refused, required } from './field.ts'
import { HostMessage, Message, MOST_MESSAGES } from './messages.ts'
import {
  hostGeneration,
  MOST_TOP_LOGPROBS,
  OutputTokens,
  sampling,
  streaming,
  unread,
  unreadByModels,
  Word,
} from './sampling.ts'
import { askedStructure, structure, type ToolCall, type ToolCallDelta } from './structure.ts'

const USE_TOOLS = 'use tools and tool_choice'

/** `POST /v1/chat/completions` as a client sends it (OpenAI's API reference, Chat). */
export const ChatRequest = z.strictObject({
  model: required('One of `GET /v1/models`.', z.string().min(1).max(200)),
  messages: required(
    '[Messages](#messages) has the fields of each.',
    z.array(Message).min(1).max(MOST_MESSAGES),
  ),
  max_tokens: honoured('At most what the plan allows; its default where both are missing.', OutputTokens),
  max_completion_tokens: honoured('The newer name of `max_tokens`; it comes first.', OutputTokens),
  ...streaming,
  ...sampling,
  ...askedStructure,
  logprobs: honoured('', z.boolean()),
  top_logprobs: honoured('With `logprobs` only.', z.int().min(0).max(MOST_TOP_LOGPROBS)),
  ...unread,
  ...unreadByModels,
  modalities: ignored('Answers are text.', z.array(z.literal('text')).max(8)),
  prediction: ignored('It could only save time.', z.record(z.string(), z.unknown())),
  reasoning_effort: ignored('Nothing here tells a model how long to think.', Word),
  verbosity: ignored('Nothing here tells a model how much to say.', Word),
  audio: refused('Answers are text.', onlyNull('answers are text')),
  function_call: refused(
    'Deprecated: use `tool_choice`.',
    z.enum(['none', 'auto']).describe(`null, "none" or "auto" (${USE_TOOLS})`),
  ),
  functions: refused(
    'Deprecated: use `tools`.',
    z.array(z.unknown()).max(0).describe(`null or an empty list (${USE_TOOLS})`),
  ),
  moderation: refused('Nothing here moderates.', onlyNull('nothing here moderates')),
  web_search_options: refused('No model here searches.', onlyNull('no model here searches the web')),
})
export type ChatRequest = z.infer<typeof ChatRequest>

/** The same request as the edge sends it to the host, with every default filled in. */
export const HostChatRequest = z.strictObject({
  model: z.string().min(1).max(200),
  messages: z.array(HostMessage).min(1).max(MOST_MESSAGES),
  ...hostGeneration,
  ...structure,
})
export type HostChatRequest = z.infer<typeof HostChatRequest>

/** A chat whose prompt's tokens the edge asks the host to count. */
export const HostTokensRequest = HostChatRequest.pick({
  model: true,
  messages: true,
  tools: true,
  tool_choice: true,
})
export type HostTokensRequest = z.infer<typeof HostTokensRequest>

/** The host's answer to it. */
export const HostTokensAnswer = z.object({ tokens: z.int().min(0) })

/** Why an answer ended. `content_filter` is a guard's at the edge, or a foreign upstream's; a host's model ends by the others. */
export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter'

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
    /** The stop string that ended it. */
    stop_reason?: string
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
    stop_reason?: string
  }[]
  usage?: GenerationUsage | null
}
