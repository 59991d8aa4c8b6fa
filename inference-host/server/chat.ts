import { HostChatRequest } from '../../shared/openai/chat.ts'
import { begin, type Host, type HostContext, readRequest } from './call.ts'
import { generationAnswer, type Shape } from './generation.ts'
import { samplingOf } from './sampling.ts'

const CHAT: Shape = {
  prefix: 'chatcmpl-',
  whole: {
    object: 'chat.completion',
    choice: (content, finish_reason) => ({
      index: 0,
      message: { role: 'assistant', content, refusal: null },
      logprobs: null,
      finish_reason,
    }),
  },
  chunk: {
    object: 'chat.completion.chunk',
    opening: { index: 0, delta: { role: 'assistant', content: '' }, logprobs: null, finish_reason: null },
    choice: (content, finish_reason) => ({
      index: 0,
      delta: finish_reason === null ? { content } : {},
      logprobs: null,
      finish_reason,
    }),
  },
}

/** `POST /v1/chat/completions`. */
export function chat(host: Host) {
  return async function handleChat(context: HostContext): Promise<Response> {
    const request = await readRequest(context, HostChatRequest, host.bodyBytes)
    const { model, messages, max_tokens: maxTokens } = request
    const run = begin(context, host, {
      task: 'chat',
      model,
      maxTokens,
      job: (limits) => ({ kind: 'chat', messages, sampling: samplingOf(request), limits }),
    })
    return generationAnswer({ shape: CHAT, request, requestId: context.var.requestId, run })
  }
}
