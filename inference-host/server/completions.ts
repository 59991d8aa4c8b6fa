import type { TokenLogprob } from '../../shared/openai/chat.ts'
import { type CompletionLogprobs, HostCompletionRequest } from '../../shared/openai/completions.ts'
import { structureOf } from '../decoding/structure/structure.ts'
import { type Host, type HostContext, readRequest } from './call.ts'
import { endOf, type Piece } from './choice.ts'
import { generate } from './generate.ts'
import type { Shape } from './generation.ts'

const choice = ({ index, text, logprobs, ...rest }: Omit<Piece, 'toolCalls'>) => ({
  index,
  text,
  logprobs: logprobs === undefined ? null : listed(logprobs),
  ...endOf(rest),
})

/** Log probabilities the way this older route has them. Offsets are in characters of the tokens' own text. */
function listed(logprobs: readonly TokenLogprob[]): CompletionLogprobs {
  let offset = 0
  return {
    tokens: logprobs.map(({ token }) => token),
    token_logprobs: logprobs.map(({ logprob }) => logprob),
    top_logprobs: logprobs.map(({ top_logprobs: top }) =>
      Object.fromEntries(top.map(({ token, logprob }) => [token, logprob])),
    ),
    text_offset: logprobs.map(({ token }) => {
      const begins = offset
      offset += token.length
      return begins
    }),
  }
}

const COMPLETION: Shape = {
  prefix: 'cmpl-',
  whole: { object: 'text_completion', choice },
  chunk: { object: 'text_completion', opening: undefined, choice },
}

/** `POST /v1/completions`. */
export function completions(host: Host) {
  return async function handleCompletions(context: HostContext): Promise<Response> {
    const request = await readRequest(context, HostCompletionRequest, host)
    const { prompt, structured_outputs } = request
    return generate(context, host, request, {
      task: 'completion',
      shape: COMPLETION,
      structure: structureOf({ structured_outputs }),
      prompt: { kind: 'complete', prompt },
    })
  }
}
