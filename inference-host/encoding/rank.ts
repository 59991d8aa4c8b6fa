import type { EncodeWork } from '../work/encode.ts'
import type { Reading } from './reader.ts'
import { highest, sigmoid, softmax } from './scores.ts'

/**
 * Reranking by a cross-encoder: each document is read together with the query. The score is between 0 and 1. A model
 * with one label gives that label's likelihood, a model with two gives the second's. Each document that is given back
 * has one item, with its place in the request and its score. The most relevant comes first.
 */
export function readRanks({
  query,
  documents,
  topN,
  truncate,
}: Extract<EncodeWork, { kind: 'rank' }>): Reading {
  const scores: number[] = []
  return {
    inputs: documents.map((document, i) => ({ text: query, pair: document, field: `documents[${i}]` })),
    truncate,
    take(index, _row, outputs) {
      const { data } = outputs('logits')
      if (data.length > 2) throw new Error(`a model that ranks has one or two labels, not ${data.length}`)
      scores[index] = data.length === 1 ? sigmoid(data[0] ?? 0) : (softmax(data)[1] ?? 0)
    },
    items: () =>
      highest(scores, topN ?? scores.length).map((index) =>
        JSON.stringify({ index, relevance_score: scores[index] }),
      ),
  }
}
