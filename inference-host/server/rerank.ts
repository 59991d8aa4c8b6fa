import { HostRerankRequest, type RerankAnswer } from '../../shared/rerank.ts'
import { begin, type Host, type HostContext, readRequest } from './call.ts'
import { outputOf } from './output.ts'
import { answer, failedAnswer } from './report.ts'

/** `POST /v1/rerank`. */
export function rerank(host: Host) {
  return async function handleRerank(context: HostContext): Promise<Response> {
    const { model, query, documents, ...asked } = await readRequest(
      context,
      HostRerankRequest,
      host.bodyBytes,
    )
    const run = begin(context, host, {
      task: 'text-ranking',
      model,
      maxTokens: 0,
      job: (limits) => ({
        kind: 'rank',
        query,
        documents,
        topN: asked.top_n,
        truncate: asked.truncate,
        limits,
      }),
    })
    const { requestId } = context.var
    try {
      const { json } = await outputOf(run, 'items')
      const ranks = json.map((item) => JSON.parse(item) as { index: number; relevance_score: number })
      const { promptTokens } = run.report()
      const body: RerankAnswer = {
        object: 'list',
        model,
        results: ranks.map((rank) => ({
          ...rank,
          ...(asked.return_documents && { document: { text: documents[rank.index] ?? '' } }),
        })),
        usage: { prompt_tokens: promptTokens, total_tokens: promptTokens },
      }
      return answer(JSON.stringify(body), requestId, run)
    } catch (error) {
      return failedAnswer(error, requestId, run)
    }
  }
}
