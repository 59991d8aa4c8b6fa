import { HostChatRequest } from '../../shared/openai/chat.ts'
import { structureOf } from '../decoding/structure/structure.ts'
import { type Host, type HostContext, readRequest, withImages } from './call.ts'
import { endOf, type Piece, type Whole } from './choice.ts'
import { generate } from './generate.ts'
import type { Shape } from './generation.ts'

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
      ...endOf(all),
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
      ...endOf(piece),
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
    const request = await readRequest(context, HostChatRequest, withImages(host))
    const { messages, tools, tool_choice: toolChoice } = request
    return generate(context, host, request, {
      task: 'chat',
      shape: CHAT,
      structure: structureOf(request),
      prompt: { kind: 'chat', messages, tools, toolChoice },
    })
  }
}
