import * as z from 'zod'
import type { PromptUsage } from '../usage.ts'
import { ignored } from './sampling.ts'

const Text = z.string().min(1)

/** `POST /v1/embeddings` as a client sends it. The plan bounds how many inputs one request may hold. */
export const EmbeddingRequest = z.strictObject({
  model: z.string().min(1).max(200),
  input: z.union([Text.transform((one) => [one]), z.array(Text).min(1).max(2048)]),
  encoding_format: z.enum(['float', 'base64']).default('float'),
  dimensions: z.int().min(1).optional(),
  /** Not in OpenAI's API: text that is too long is cut to the model's context instead of refused, as in TEI. */
  truncate: z.boolean().default(false),
  user: ignored.user,
})
export type EmbeddingRequest = z.infer<typeof EmbeddingRequest>

/** The same request as the edge sends it to the host. */
export const HostEmbeddingRequest = z.strictObject({
  model: z.string().min(1).max(200),
  input: z.array(Text).min(1).max(2048),
  encoding_format: z.enum(['float', 'base64']),
  dimensions: z.int().min(1).optional(),
  /** Whether `dimensions` are to be the model's own, and nothing is cut. */
  whole: z.boolean().optional(),
  truncate: z.boolean().optional(),
})
export type HostEmbeddingRequest = z.infer<typeof HostEmbeddingRequest>

/** base64 encodes the little-endian float32 bytes. The `openai` client asks for it by default. */
export type EmbeddingList = {
  object: 'list'
  data: { object: 'embedding'; index: number; embedding: number[] | string }[]
  model: string
  usage: PromptUsage
}
