import { CompletionRequest, type HostCompletionRequest } from '../../shared/openai/completions.ts'
import { refuseLargeStructure } from '../../shared/openai/structure-size.ts'
import { parseAs } from '../../shared/parse-as.ts'
import type { Entitlement } from '../access/entitlement.ts'
import { generation } from './generation.ts'
import { outputTokens, type Work } from './work.ts'
import { worstCase } from './worst-case.ts'

/** `POST /v1/completions` -> work. @throws TwohopError as parseAs, refuseLargeStructure, entitlement and outputTokens do */
export function parseCompletion(input: unknown, entitlement: Entitlement): Work {
  const completion = parseAs(CompletionRequest, input)
  refuseLargeStructure(completion)
  const model = entitlement.requireModel(completion.model, 'completion')
  const answers = completion.n ?? 1
  const asked = { field: 'max_tokens', tokens: completion.max_tokens, answers }
  const tokens = outputTokens(entitlement.plan, model, asked)
  const request: HostCompletionRequest = {
    model: model.id,
    prompt: completion.prompt.toWellFormed(),
    ...generation(completion, tokens, completion.logprobs),
    ...(completion.structured_outputs && { structured_outputs: completion.structured_outputs }),
  }
  return {
    task: 'completion',
    model,
    path: '/v1/completions',
    request,
    stream: completion.stream ?? false,
    includeUsage: completion.stream_options?.include_usage ?? false,
    worst: worstCase(model, [request.prompt], answers * tokens),
  }
}
