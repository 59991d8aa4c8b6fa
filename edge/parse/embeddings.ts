import type { Model } from '../../shared/catalog.ts'
import { TwohopError } from '../../shared/errors.ts'
import { EmbeddingRequest, type HostEmbeddingRequest } from '../../shared/openai/embeddings.ts'
import { parseAs } from '../../shared/parse-as.ts'
import type { Entitlement } from '../access/entitlement.ts'
import { boundInputs, type Work } from './work.ts'
import { worstCase } from './worst-case.ts'

/** `POST /v1/embeddings` -> work. @throws TwohopError as parseAs, entitlement and boundInputs do */
export function parseEmbedding(input: unknown, entitlement: Entitlement): Work {
  const embedding = parseAs(EmbeddingRequest, input)
  const model = entitlement.requireModel(embedding.model, 'embedding')
  boundInputs(entitlement.plan, embedding.input, 'input')
  const { dimensions } = embedding
  if (dimensions !== undefined && !model.dimensions?.includes(dimensions))
    throw new TwohopError('invalid_request', `${model.id} has ${dimensionsOf(model)}.`, {
      param: 'dimensions',
    })
  const request: HostEmbeddingRequest = {
    model: model.id,
    input: embedding.input.map((text) => text.toWellFormed()),
    encoding_format: embedding.encoding_format,
    truncate: embedding.truncate,
    ...(dimensions !== undefined && { dimensions }),
  }
  return {
    task: 'embedding',
    model,
    path: '/v1/embeddings',
    request,
    stream: false,
    includeUsage: false,
    worst: worstCase(model, request.input, 0),
  }
}

function dimensionsOf({ dimensions }: Model): string {
  return dimensions ? `vectors of ${dimensions.join(', ')} dimensions` : 'vectors of one size only'
}
