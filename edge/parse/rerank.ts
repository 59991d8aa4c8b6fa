import { parseAs } from '../../shared/parse-as.ts'
import { type HostRerankRequest, RerankRequest } from '../../shared/rerank.ts'
import type { Entitlement } from '../access/entitlement.ts'
import { boundInputs, type Work } from './work.ts'
import { worstCaseOfPairs } from './worst-case.ts'

/** `POST /v1/rerank` -> work. @throws TwohopError as parseAs, entitlement and boundInputs do */
export function parseRerank(input: unknown, entitlement: Entitlement): Work {
  const rerank = parseAs(RerankRequest, input)
  const model = entitlement.requireModel(rerank.model, 'text-ranking')
  boundInputs(entitlement.plan, rerank.documents, 'documents')
  const request: HostRerankRequest = {
    ...rerank,
    model: model.id,
    query: rerank.query.toWellFormed(),
    documents: rerank.documents.map((text) => text.toWellFormed()),
  }
  return {
    task: 'text-ranking',
    model,
    path: '/v1/rerank',
    request,
    stream: false,
    includeUsage: false,
    worst: worstCaseOfPairs(
      model,
      request.documents.map((document) => [request.query, document]),
    ),
  }
}
