import type { AnswerForm } from './form.ts'
import type { HostAnswer } from './host-answer.ts'
import { callId, type Echo, type Item, messageId, response, statusOf } from './response-object.ts'
import { createResponseStream } from './response-stream.ts'

/**
 * Answers of `POST /v1/responses` (OpenAI's API reference, Responses): a message, then calls of functions.
 * @param echo what of the request is repeated in its answer
 */
export function responsesForm(echo: Echo): AnswerForm {
  return {
    fieldOf,
    whole(answer, { requestId, timing }) {
      const { created, usage, finish } = answer
      const used = {
        prompt: usage.prompt_tokens,
        output: usage.completion_tokens,
        cached: timing?.cached_prompt_tokens ?? 0,
      }
      const output = itemsOf(answer, requestId)
      return JSON.stringify(
        response({ echo, requestId, created, output, usage: used, status: statusOf(finish), finish }),
      )
    },
    stream: (requestId) => createResponseStream(echo, requestId),
  }
}

/** What a field of a chat is called in this API. */
function fieldOf(param: string): string {
  return param
    .replace(/^messages.*/, 'input')
    .replace(/^max_tokens$/, 'max_output_tokens')
    .replace(/^response_format(\.json_schema)?/, 'text.format')
    .replace(/^(tools\[\d+\])\.function(?=\.|$)/, '$1')
    .replace(/^tool_choice\.allowed_tools(?=\.|$)/, 'tool_choice')
    .replace(/^(tool_choice(?:\.tools\[\d+\])?)\.function(?=\.|$)/, '$1')
}

/** The items of a whole answer. Where an answer was cut off, its last item is what is incomplete. */
function itemsOf({ text, calls, logprobs, finish }: HostAnswer, requestId: string): Item[] {
  const items: Item[] = calls.map(({ id, function: called }, i) => ({
    kind: 'call',
    id: callId(requestId, i),
    status: 'completed',
    call_id: id,
    ...called,
  }))
  if (text !== '' || items.length === 0)
    items.unshift({
      kind: 'message',
      id: messageId(requestId, 0),
      status: 'completed',
      text,
      logprobs,
    })
  const last = items.at(-1)
  if (last) last.status = statusOf(finish)
  return items
}
