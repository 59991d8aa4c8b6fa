import { HostEmbeddingRequest } from '../../shared/openai/embeddings.ts'
import type { PromptUsage } from '../../shared/usage.ts'
import { begin, type Host, type HostContext, readRequest } from './call.ts'
import { outputOf } from './output.ts'
import { answer, failedAnswer } from './report.ts'

/** `POST /v1/embeddings`. The vectors arrive as JSON text, which is joined here and not parsed. */
export function embeddings(host: Host) {
  return async function handleEmbeddings(context: HostContext): Promise<Response> {
    const {
      model,
      input,
      encoding_format: encoding,
      ...how
    } = await readRequest(context, HostEmbeddingRequest, host.bodyBytes)
    const run = begin(context, host, {
      task: 'embedding',
      model,
      maxTokens: 0,
      job: (limits) => ({ kind: 'embed', texts: input, normalize: true, encoding, ...how, limits }),
    })
    const { requestId } = context.var
    try {
      const { json } = await outputOf(run, 'items')
      const data = json.map(
        (vector, index) => `{"object":"embedding","index":${index},"embedding":${vector}}`,
      )
      const { promptTokens } = run.report()
      const usage: PromptUsage = { prompt_tokens: promptTokens, total_tokens: promptTokens }
      const rest = `"model":${JSON.stringify(model)},"usage":${JSON.stringify(usage)}`
      return answer(`{"object":"list","data":[${data.join(',')}],${rest}}`, requestId, run)
    } catch (error) {
      return failedAnswer(error, requestId, run)
    }
  }
}
