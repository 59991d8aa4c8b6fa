import type { FinishReason } from '../../shared/openai/chat.ts'
import { HostCompletionRequest } from '../../shared/openai/completions.ts'
import { begin, type Host, type HostContext, readRequest } from './call.ts'
import { generationAnswer, type Shape } from './generation.ts'
import { samplingOf } from './sampling.ts'

const choice = (text: string, finish_reason: FinishReason | null) => ({
  index: 0,
  text,
  logprobs: null,
  finish_reason,
})

const COMPLETION: Shape = {
  prefix: 'cmpl-',
  whole: { object: 'text_completion', choice },
  chunk: { object: 'text_completion', opening: undefined, choice },
}

/** `POST /v1/completions`. */
export function completions(host: Host) {
  return async function handleCompletions(context: HostContext): Promise<Response> {
    const request = await readRequest(context, HostCompletionRequest, host.bodyBytes)
    const { model, prompt, max_tokens: maxTokens } = request
    const run = begin(context, host, {
      task: 'completion',
      model,
      maxTokens,
      job: (limits) => ({ kind: 'complete', prompt, sampling: samplingOf(request), limits }),
    })
    return generationAnswer({ shape: COMPLETION, request, requestId: context.var.requestId, run })
  }
}
