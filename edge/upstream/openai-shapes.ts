import * as z from 'zod'
import type { FinishReason, Logprob } from '../../shared/openai/chat.ts'
import { MOST_TOP_LOGPROBS } from '../../shared/openai/sampling.ts'
import { MOST_CALLS } from '../../shared/openai/structure.ts'
import type { Tally } from './tally.ts'

// What is read of an OpenAI-compatible server's answers. Other fields are dropped.

const Count = z.int().min(0)
const utf8 = new TextEncoder()

/** What was used. A server that does not say has null there, or nothing. */
export const Usage = z
  .object({
    prompt_tokens: Count,
    completion_tokens: Count.nullish(),
    prompt_tokens_details: z.object({ cached_tokens: Count.nullish() }).nullish(),
  })
  .nullish()
  .catch(undefined)

const Token = z.object({
  token: z.string(),
  logprob: z.number(),
  bytes: z.array(z.int().min(0).max(255)).nullish(),
})
const logprobOf = ({ token, logprob, bytes }: z.output<typeof Token>): Logprob => ({
  token,
  logprob,
  bytes: bytes ?? [...utf8.encode(token)],
})
/** A chat's log probabilities, as the host has them. */
export const ChatLogprobs = z
  .object({
    content: z
      .array(Token.extend({ top_logprobs: z.array(Token).max(MOST_TOP_LOGPROBS).default([]) }))
      .nullish(),
  })
  .nullish()
  .transform((said) =>
    said?.content
      ? {
          content: said.content.map(({ top_logprobs: top, ...token }) => ({
            ...logprobOf(token),
            top_logprobs: top.map(logprobOf),
          })),
          refusal: null,
        }
      : null,
  )
/** Those of a completion. Servers have null where a token has none. */
const CompletionLogprobs = z
  .object({
    tokens: z.array(z.string()),
    token_logprobs: z.array(z.number().nullable()),
    top_logprobs: z.array(z.record(z.string(), z.number()).nullable()).nullish(),
    text_offset: z.array(z.int()).nullish(),
  })
  .nullish()
  .transform((said) => said ?? null)

/** Why an answer ended. What a server calls otherwise is an end like any other. */
const Finish = z
  .string()
  .nullish()
  .transform((reason): FinishReason | null => {
    if (reason == null) return null
    if (reason === 'length' || reason === 'tool_calls' || reason === 'content_filter') return reason
    return reason === 'function_call' ? 'tool_calls' : 'stop'
  })

/** The stop string that ended it, vLLM's field; a stop token has its number there. */
const StopReason = z.string().max(64).optional().catch(undefined)

const Name = z.string().min(1).max(256)
const CallId = z.string().min(1).max(4096)
const Place = z.int().min(0).max(1000)

/** A whole call, and a part of one. Those of streams say which call they belong to. */
const Call = z.object({ id: CallId, function: z.object({ name: Name, arguments: z.string() }) })
export const Calls = z
  .array(Call)
  .max(MOST_CALLS)
  .nullish()
  .transform((calls) => calls ?? [])
export const CallPart = z.object({
  index: Place,
  id: CallId.nullish(),
  function: z.object({ name: Name.nullish(), arguments: z.string().nullish() }).nullish(),
})

/** Text that a model wrote for itself, by the names that servers have for it. It is counted, and not passed on. */
export const thought = {
  reasoning: z.string().nullish().catch(undefined),
  reasoning_content: z.string().nullish().catch(undefined),
}

/** The place of an answer among those to one request. */
export const Index = z.int().min(0).max(7)

/** How a choice ends, whole or in pieces. */
export const end = { finish_reason: Finish, stop_reason: StopReason }

/** A choice of a completion, or a piece of one. */
export const TextChoice = z.object({ index: Index, text: z.string(), logprobs: CompletionLogprobs, ...end })

/** Takes what a server counted, if it did. */
export function count(usage: z.output<typeof Usage>, tally: Tally): void {
  if (usage)
    tally.counted({ promptTokens: usage.prompt_tokens, outputTokens: usage.completion_tokens ?? undefined })
}
