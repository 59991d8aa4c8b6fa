import * as z from 'zod'
import { optional, withDefault } from './openai/field.ts'
import type { PromptUsage } from './usage.ts'

const Text = z.string().min(1)

/** The most documents of one request. */
const MOST_DOCUMENTS = 2048

const Asked = {
  model: z.string().min(1).max(200),
  query: Text,
  /** How many of the most relevant documents to return; default: all. */
  top_n: optional(z.int().min(1)),
  return_documents: withDefault(z.boolean(), false),
  /** Whether documents that are too long are cut instead of refused, as in TEI. The query is never cut. */
  truncate: withDefault(z.boolean(), false),
}

/** `POST /v1/rerank` in the form of Cohere, Jina and vLLM. */
export const RerankRequest = z.strictObject({
  ...Asked,
  documents: z
    .array(z.union([Text, z.strictObject({ text: Text }).transform(({ text }) => text)]))
    .min(1)
    .max(MOST_DOCUMENTS),
})
export type RerankRequest = z.infer<typeof RerankRequest>

/** The same request as the edge sends it to the host. */
export const HostRerankRequest = z.strictObject({
  ...Asked,
  documents: z.array(Text).min(1).max(MOST_DOCUMENTS),
})
export type HostRerankRequest = z.infer<typeof HostRerankRequest>

/** The most relevant document first; a score is between 0 and 1. */
export type RerankAnswer = {
  object: 'list'
  model: string
  results: { index: number; relevance_score: number; document?: { text: string } }[]
  usage: PromptUsage
}
