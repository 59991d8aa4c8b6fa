import type { EncodeWork } from '../work/encode.ts'
import type { Reading } from './reader.ts'
import { highest, sigmoid, softmax } from './scores.ts'

/**
 * Reranking by a cross-encoder: each document is read together with the query. The score is between 0 and 1: of a model
 * with one label how likely that is, of one with two the likelihood of the second. One item for each document that is
 * given back, the most relevant first: its place in the request, and its score.
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
