import { TwohopError } from '../../shared/errors.ts'
import { HostChatRequest } from '../../shared/openai/chat.ts'
import { HostCompletionRequest } from '../../shared/openai/completions.ts'
import { HostEmbeddingRequest } from '../../shared/openai/embeddings.ts'
import { unsupported } from './foreign-refusal.ts'

/** Whose fields a server takes. */
type Speaks = 'openai' | 'vllm'

/**
 * A host's request as an OpenAI-compatible server takes it.
 * @throws TwohopError invalid_request for a field that changes the answer and that the server does not have
 */
export function vendorBody(path: string, request: object, speaks: Speaks): object {
  if (path === '/v1/embeddings') return embedding(HostEmbeddingRequest.parse(request), speaks)
  if (path === '/v1/chat/completions') return chat(HostChatRequest.parse(request), speaks)
  if (path === '/v1/completions') return completion(HostCompletionRequest.parse(request), speaks)
  throw new TwohopError('host_failed', 'The model does not do this.')
}

function chat({ logprobs, max_tokens, ...rest }: HostChatRequest, speaks: Speaks): object {
  return {
    ...generation(rest, speaks),
    // OpenAI's newer models know no max_tokens; older servers know nothing else.
    ...(speaks === 'openai' ? { max_completion_tokens: max_tokens } : { max_tokens }),
    ...(logprobs !== undefined && { logprobs: true, top_logprobs: logprobs }),
  }
}

function completion(request: HostCompletionRequest, speaks: Speaks): object {
  return generation(request, speaks)
}

/** The fields of both, without those that ask for nothing. */
function generation(
  request: Omit<HostChatRequest, 'max_tokens' | 'logprobs'> | HostCompletionRequest,
  speaks: Speaks,
): object {
  const { stop, stream_options: _, top_k, min_p, repetition_penalty, structured_outputs, ...rest } = request
  const added = {
    ...(top_k !== undefined && top_k > 0 && { top_k }),
    ...(min_p !== undefined && min_p > 0 && { min_p }),
    ...(repetition_penalty !== undefined && repetition_penalty !== 1 && { repetition_penalty }),
    ...(structured_outputs && { structured_outputs }),
  }
  const [first] = Object.keys(added)
  if (speaks === 'openai' && first !== undefined) throw unsupported(first)
  return {
    ...rest,
    ...added,
    ...(stop.length > 0 && { stop }),
    ...(rest.stream && { stream_options: { include_usage: true } }),
  }
}

function embedding({ truncate, whole: _, ...rest }: HostEmbeddingRequest, speaks: Speaks): object {
  if (!truncate) return rest
  if (speaks === 'openai') throw unsupported('truncate')
  return { ...rest, truncate_prompt_tokens: -1 }
}
