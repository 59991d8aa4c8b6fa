import type * as z from 'zod'
import { type Choosing, choosingOf, type hostGeneration } from '../../shared/openai/sampling.ts'

type Asked = Choosing & {
  n?: number | undefined
  stream?: boolean | undefined
  stop?: string[] | undefined
}
type HostGeneration = z.infer<z.ZodObject<typeof hostGeneration>>

/**
 * The host's request for a generation. A stream reports the prompt's tokens in the first chunk and the whole count in
 * the last. The edge asks afterwards what a broken stream has cost.
 * @param logprobs how many of the likeliest tokens to report with each token; undefined for no log probabilities
 */
export function generation(asked: Asked, maxTokens: number, logprobs: number | undefined): HostGeneration {
  const { n, stream = false, stop = [] } = asked
  return {
    max_tokens: maxTokens,
    ...choosingOf(asked),
    stop,
    stream,
    ...(stream && { stream_options: { include_usage: true } }),
    ...(n !== undefined && n > 1 && { n }),
    ...(logprobs !== undefined && { logprobs }),
  }
}
