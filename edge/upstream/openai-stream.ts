import * as z from 'zod'
import type { TwohopError } from '../../shared/errors.ts'
import { MOST_CALLS } from '../../shared/openai/structure.ts'
import { busy, failedElsewhere } from './foreign-refusal.ts'
import { brokeOff, type Choice, type VendorStream } from './foreign-stream.ts'
import { CallPart, ChatLogprobs, count, end, Index, TextChoice, thought, Usage } from './openai-shapes.ts'
import type { Tally } from './tally.ts'

/** A piece of a chat, or of a completion. */
const ChatPiece = z.object({
  index: Index,
  delta: z.object({
    content: z.string().nullish(),
    refusal: z.string().nullish(),
    tool_calls: z.array(CallPart).max(MOST_CALLS).nullish(),
    ...thought,
  }),
  logprobs: ChatLogprobs,
  ...end,
})
const Chunk = z.object({
  choices: z
    .array(z.union([ChatPiece, TextChoice]))
    .max(8)
    .default([]),
  usage: Usage,
})

const Failure = z.object({
  error: z
    .object({ code: z.union([z.string(), z.number()]).nullish(), type: z.string().nullish() })
    .catch({}),
})

/**
 * The error that a stream says in place of its next piece. Where it is the first thing that it says, a server that is busy has
 * computed nothing.
 */
function failed(said: unknown, begun: boolean): TwohopError {
  const { code, type } = Failure.safeParse(said).data?.error ?? {}
  const words = `${code ?? ''} ${type ?? ''}`
  if (begun) return brokeOff()
  if (/\b(?:429|503|529)\b|rate_limit|overloaded|unavailable/i.test(words)) return busy(new Headers())
  if (/\b(?:401|402|403)\b|authentication|permission|insufficient_quota/i.test(words))
    return failedElsewhere(undefined)
  return brokeOff()
}

/** Reads a stream of chunks, of chats and of completions. */
export function createOpenAIStream(tally: Tally): VendorStream {
  let begun = false
  let cached: number | undefined

  function pieceOf(piece: z.output<typeof ChatPiece> | z.output<typeof TextChoice>): Choice | undefined {
    const { index, logprobs, finish_reason, stop_reason } = piece
    const rest = {
      logprobs,
      finish_reason,
      ...(stop_reason !== undefined && finish_reason !== null && { stop_reason }),
    }
    if ('text' in piece) {
      tally.came(piece.text)
      return { index, text: piece.text, ...rest }
    }
    const { content, refusal, tool_calls: calls, reasoning, reasoning_content } = piece.delta
    tally.came(content, refusal, reasoning, reasoning_content)
    const parts = calls?.map((call) => {
      const { name, arguments: given } = call.function ?? {}
      tally.came(name, given)
      return {
        index: call.index,
        ...(call.id != null && { id: call.id, type: 'function' as const }),
        function: { ...(name != null && { name }), arguments: given ?? '' },
      }
    })
    const says = content || refusal || parts?.length || logprobs
    if (!says && finish_reason === null) return undefined
    const delta = {
      ...(content && { content }),
      ...(refusal && { refusal }),
      ...(parts && parts.length > 0 && { tool_calls: parts }),
    }
    return { index, delta, ...rest }
  }

  return {
    take({ data }) {
      if (data === '[DONE]') return 'end'
      const said: unknown = JSON.parse(data)
      if (typeof said === 'object' && said !== null && 'error' in said && said.error != null)
        throw failed(said, begun)
      const { choices, usage } = Chunk.parse(said)
      begun = true
      count(usage, tally)
      cached = usage?.prompt_tokens_details?.cached_tokens ?? cached
      return choices.flatMap((piece) => pieceOf(piece) ?? [])
    },
    get begun() {
      return begun
    },
    get cached() {
      return cached
    },
  }
}
