import { isShallow } from '../../shared/json-depth.ts'
import { parseJson } from '../../shared/parse-json.ts'
import type { AnswerForm } from './form.ts'
import type { HostAnswer } from './host-answer.ts'
import { message, stopOf, toolUse } from './message-object.ts'
import { createMessageStream } from './message-stream.ts'

/**
 * Answers of `POST /v1/messages` (Anthropic's API reference, Messages).
 * @param model its name, as it was asked for
 */
export function messagesForm(model: string): AnswerForm {
  return {
    fieldOf: messageFieldOf,
    whole: (answer, { requestId }) =>
      JSON.stringify(
        message({
          model,
          requestId,
          content: contentOf(answer),
          ...stopOf(answer),
          usage: { input: answer.usage.prompt_tokens, output: answer.usage.completion_tokens },
        }),
      ),
    stream: (requestId) => createMessageStream(model, requestId),
  }
}

/** What a field of a chat is called in this API. */
export function messageFieldOf(param: string): string {
  return param
    .replace(/^stop(?=\[|$)/, 'stop_sequences')
    .replace(/^response_format(\.json_schema)?/, 'output_config.format')
    .replace(/^(tools\[\d+\])\.function\.parameters(?=\.|\[|$)/, '$1.input_schema')
    .replace(/^(tools\[\d+\]|tool_choice)\.function(?=\.|$)/, '$1')
}

/** The blocks of a whole answer. A call that was cut off is left out: its arguments are no JSON. */
function contentOf({ text, calls }: HostAnswer): object[] {
  const used = calls.flatMap(({ id, function: { name, arguments: given } }) => {
    const input = parseJson(given)
    return typeof input === 'object' && input !== null && isShallow(input) ? [toolUse(id, name, input)] : []
  })
  return text === '' ? used : [{ type: 'text', text, citations: null }, ...used]
}
