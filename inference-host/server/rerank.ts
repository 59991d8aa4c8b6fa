import * as z from 'zod'
import { HostRerankRequest, type RerankAnswer } from '../../shared/rerank.ts'
import { begin, type Host, type HostContext, readRequest } from './call.ts'
import { outputOf } from './output.ts'
import { answerOf, promptUsageOf } from './report.ts'

/** What the engine says of each document, as JSON. */
const Rank = z.object({ index: z.int(), relevance_score: z.number() })

/** `POST /v1/rerank`. */
export function rerank(host: Host) {
  return async function handleRerank(context: HostContext): Promise<Response> {
    const { model, query, documents, ...asked } = await readRequest(context, HostRerankRequest, host)
    const admitted = begin(context, host, {
      task: 'text-ranking',
      model,
      maxTokens: 0,
      work: (limits) => ({
        kind: 'rank',
        query,
        documents,
        topN: asked.top_n,
        truncate: asked.truncate,
        limits,
      }),
    })
    const { run } = admitted
    return answerOf(admitted, async () => {
      const { json } = await outputOf(run, 'items')
      const ranks = json.map((item) => Rank.parse(JSON.parse(item)))
      const body: RerankAnswer = {
        object: 'list',
        model,
        results: ranks.map((rank) => ({
          ...rank,
          ...(asked.return_documents && { document: { text: documents[rank.index] ?? '' } }),
        })),
        usage: promptUsageOf(run.report()),
      }
      return JSON.stringify(body)
    })
  }
}
