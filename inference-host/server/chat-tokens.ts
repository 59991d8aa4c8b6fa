import { HostTokensRequest } from '../../shared/openai/chat.ts'
import { begin, type Host, type HostContext, readRequest, withImages } from './call.ts'
import { outputOf } from './output.ts'
import { answerOf } from './report.ts'

/**
 * `POST /v1/chat/tokens`: how many tokens the prompt of a chat has. It waits for its turn as a chat does, and computes
 * nothing.
 */
export function chatTokens(host: Host) {
  return async function handleChatTokens(context: HostContext): Promise<Response> {
    const {
      model,
      messages,
      tools,
      tool_choice: toolChoice,
    } = await readRequest(context, HostTokensRequest, withImages(host))
    const admitted = begin(context, host, {
      task: 'chat',
      model,
      maxTokens: 0,
      work: (limits) => ({ kind: 'count', messages, tools, toolChoice, limits }),
    })
    return answerOf(admitted, async () => {
      const { json } = await outputOf(admitted.run, 'items')
      return `{"tokens":${json[0]}}`
    })
  }
}
