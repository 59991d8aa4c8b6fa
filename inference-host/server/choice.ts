import type { FinishReason, TokenLogprob } from '../../shared/openai/chat.ts'
import type { ToolCall, ToolCallDelta } from '../../shared/openai/structure.ts'
import { createToolCallReader, joinToolCalls } from '../decoding/structure/tool-calls.ts'

/** What an answer has more than before. */
export type Piece = {
  /** Which of the request's answers it is, from 0 on. */
  index: number
  text: string
  toolCalls: ToolCallDelta[]
  /** Of the tokens that the text is of; undefined where none were asked for. */
  logprobs: TokenLogprob[] | undefined
  /** Null while the answer goes on. */
  finish: FinishReason | null
  /** The stop string that ended it. */
  stop?: string | undefined
}

/** One of a request's answers, as it comes. */
export type Choice = {
  push(text: string, logprobs?: readonly TokenLogprob[]): Piece
  /** The last piece: what was held back, and why the answer ended. */
  end(finish: FinishReason, stop?: string): Piece
}

/** What is read out of the answers: calls of tools, log probabilities. */
export type Reading = { calls: boolean; logprobs: boolean }

/** Reads one answer. A tool call is told from text, piece by piece, by its marks. */
export function createChoice(index: number, { calls, logprobs }: Reading): Choice {
  const reader = calls ? createToolCallReader(newCallId) : undefined
  let called = false

  function piece(
    { content, toolCalls }: { content: string; toolCalls: ToolCallDelta[] },
    own: readonly TokenLogprob[],
    finish: FinishReason | null,
  ): Piece {
    called ||= toolCalls.length > 0
    return {
      index,
      text: content,
      toolCalls,
      logprobs: logprobs ? [...own] : undefined,
      finish: called && finish === 'stop' ? 'tool_calls' : finish,
    }
  }

  return {
    push: (text, own = []) => piece(reader?.push(text) ?? { content: text, toolCalls: [] }, own, null),
    end: (finish, stop) => ({ ...piece(reader?.flush() ?? { content: '', toolCalls: [] }, [], finish), stop }),
  }
}

/** All of an answer. */
export type Whole = Omit<Piece, 'toolCalls'> & { toolCalls: ToolCall[] }

/** Puts an answer's pieces together. */
export function joined(pieces: readonly Piece[], index: number): Whole {
  const own = pieces.filter((piece) => piece.index === index)
  return {
    index,
    text: own.map(({ text }) => text).join(''),
    toolCalls: joinToolCalls(own.flatMap(({ toolCalls }) => toolCalls)),
    logprobs: own[0]?.logprobs && own.flatMap(({ logprobs }) => logprobs ?? []),
    finish: own.at(-1)?.finish ?? null,
    stop: own.at(-1)?.stop,
  }
}

/** Why an answer ended. `stop_reason` is vLLM's name for the stop string that ended it. */
export const endOf = ({ finish, stop }: Pick<Piece, 'finish' | 'stop'>) => ({
  finish_reason: finish,
  ...(stop !== undefined && { stop_reason: stop }),
})

/** As OpenAI's: `call_` and 24 letters and digits. */
function newCallId(): string {
  return `call_${crypto.randomUUID().replaceAll('-', '').slice(0, 24)}`
}
