import { HostChatRequest } from '../../shared/openai/chat.ts'
import { structureOf } from '../decoding/structure/structure.ts'
import { begin, type Host, type HostContext, readRequest } from './call.ts'
import type { Piece, Whole } from './choice.ts'
import { generationAnswer, type Shape } from './generation.ts'
import { samplingOf } from './sampling.ts'

const logprobsOf = ({ logprobs }: Pick<Piece, 'logprobs'>) =>
  logprobs === undefined ? null : { content: logprobs, refusal: null }

const CHAT: Shape = {
  prefix: 'chatcmpl-',
  whole: {
    object: 'chat.completion',
    choice: (all) => ({
      index: all.index,
      message: message(all),
      logprobs: logprobsOf(all),
      finish_reason: all.finish,
    }),
  },
  chunk: {
    object: 'chat.completion.chunk',
    opening: (index) => ({
      index,
      delta: { role: 'assistant', content: '' },
      logprobs: null,
      finish_reason: null,
    }),
    choice: (piece) => ({
      index: piece.index,
      delta: delta(piece),
      logprobs: logprobsOf(piece),
      finish_reason: piece.finish,
    }),
  },
}

/** OpenAI's answers have no content where they only call tools. */
function message({ text, toolCalls }: Whole) {
  const role = 'assistant'
  if (toolCalls.length === 0) return { role, content: text, refusal: null }
  return { role, content: text.trim() === '' ? null : text, refusal: null, tool_calls: toolCalls }
}

function delta({ text, toolCalls, finish }: Piece) {
  return {
    ...((text !== '' || (finish === null && toolCalls.length === 0)) && { content: text }),
    ...(toolCalls.length > 0 && { tool_calls: toolCalls }),
  }
}

/** `POST /v1/chat/completions`. */
export function chat(host: Host) {
  return async function handleChat(context: HostContext): Promise<Response> {
    const request = await readRequest(context, HostChatRequest, host.bodyBytes)
    const { model, messages, n: answers = 1, tools, tool_choice: toolChoice } = request
    const asked = structureOf(request)
    const structure = asked && (await host.compile(asked))
    const admitted = begin(context, host, {
      task: 'chat',
      model,
      maxTokens: answers * request.max_tokens,
      work: (limits) => ({
        kind: 'chat',
        messages,
        tools,
        toolChoice,
        sampling: samplingOf(request),
        answers,
        structure,
        limits,
      }),
    })
    const reading = { calls: asked?.kind === 'tools', logprobs: request.logprobs !== undefined }
    return generationAnswer({ ...admitted, shape: CHAT, request, reading })
  }
}
