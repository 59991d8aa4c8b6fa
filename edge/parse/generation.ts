import type * as z from 'zod'
import {
  choosingOf,
  type hostGeneration,
  type sampling,
  type streaming,
} from '../../shared/openai/sampling.ts'

type Asked = z.infer<z.ZodObject<typeof sampling & typeof streaming>>
type HostGeneration = z.infer<z.ZodObject<typeof hostGeneration>>

/**
 * What the host is told of a generation. Of a stream it says the prompt's tokens in the first chunk and all of its
 * count in the last; what a stream that broke in between has cost is asked afterwards.
 * @param logprobs how many of the likeliest tokens are to be told beside each; undefined is no log probabilities
 */
export function generation(asked: Asked, maxTokens: number, logprobs: number | undefined): HostGeneration {
  const { n, stream, stop } = asked
  return {
    max_tokens: maxTokens,
    ...choosingOf(asked),
    stop,
    stream,
    ...(stream && { stream_options: { include_usage: true } }),
    ...(n != null && n > 1 && { n }),
    ...(logprobs !== undefined && { logprobs }),
  }
}
