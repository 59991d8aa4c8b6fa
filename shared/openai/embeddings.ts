import * as z from 'zod'
import type { PromptUsage } from '../usage.ts'
import { honoured, required, withDefault } from './field.ts'
import { unread } from './sampling.ts'

const Text = z.string().min(1).describe('text that is not empty (token ids are not read)')

/** `POST /v1/embeddings` as a client sends it. The plan bounds how many inputs one request may hold. */
export const EmbeddingRequest = z.strictObject({
  model: required('One of `GET /v1/models`.', z.string().min(1).max(200)),
  input: required(
    'The plan says how many. Token ids are not read.',
    z.union([Text.transform((one) => [one]), z.array(Text).min(1).max(2048)]),
  ),
  encoding_format: required(
    '`float` where it is missing.',
    withDefault(z.enum(['float', 'base64']), 'float'),
  ),
  dimensions: honoured('One of the lengths that the model has; the error lists them.', z.int().min(1)),
  truncate: required(
    'A field of TEI: text that is too long is cut instead of refused.',
    withDefault(z.boolean(), false),
  ),
  user: unread.user,
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
