import { HostEmbeddingRequest } from '../../shared/openai/embeddings.ts'
import { begin, type Host, type HostContext, readRequest } from './call.ts'
import { outputOf } from './output.ts'
import { answerOf, promptUsageOf } from './report.ts'

/** `POST /v1/embeddings`. The vectors arrive as JSON text, which is joined here and not parsed. */
export function embeddings(host: Host) {
  return async function handleEmbeddings(context: HostContext): Promise<Response> {
    const {
      model,
      input,
      encoding_format: encoding,
      ...how
    } = await readRequest(context, HostEmbeddingRequest, host)
    const admitted = begin(context, host, {
      task: 'embedding',
      model,
      maxTokens: 0,
      work: (limits) => ({ kind: 'embed', texts: input, normalize: true, encoding, ...how, limits }),
    })
    const { run } = admitted
    return answerOf(admitted, async () => {
      const { json } = await outputOf(run, 'items')
      const data = json.map(
        (vector, index) => `{"object":"embedding","index":${index},"embedding":${vector}}`,
      )
      const usage = promptUsageOf(run.report())
      const rest = `"model":${JSON.stringify(model)},"usage":${JSON.stringify(usage)}`
      return `{"object":"list","data":[${data.join(',')}],${rest}}`
    })
  }
}
