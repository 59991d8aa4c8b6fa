import type { ForeignUpstream } from '../../shared/upstreams.ts'
import type { Dialect } from './foreign-host.ts'
import { embeddingAnswer, wholeAnswer } from './openai-answer.ts'
import { vendorBody } from './openai-request.ts'
import { createOpenAIStream } from './openai-stream.ts'
import type { HostCall } from './port.ts'

type Upstream = Pick<Extract<ForeignUpstream, { kind: 'openai' }>, 'speaks'>

/** What an OpenAI-compatible server is asked, and what its answers say (OpenAI's API reference; vLLM's server). */
export function openaiDialect({ speaks }: Upstream, now: () => number): Dialect {
  return {
    ask: ({ path, request }, key) => ({
      // The address of such a server ends with /v1, as its clients have it.
      path: path.replace(/^\/v1/, ''),
      headers: headers(key),
      body: vendorBody(path, request, speaks),
    }),
    whole: (said, call, tally) =>
      isEmbedding(call) ? embeddingAnswer(said, call, tally) : wholeAnswer(said, call, tally, now),
    stream: (_, tally) => createOpenAIStream(tally),
    probe: (key) => ({ path: '/models', headers: headers(key) }),
  }
}

const headers = (key: string | undefined): Record<string, string> =>
  key === undefined ? {} : { authorization: `Bearer ${key}` }
const isEmbedding = ({ path }: HostCall) => path === '/v1/embeddings'
