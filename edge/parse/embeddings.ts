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
  const cut = cutOf(model, embedding.dimensions ?? undefined)
  const request: HostEmbeddingRequest = {
    model: model.id,
    input: embedding.input.map((text) => text.toWellFormed()),
    encoding_format: embedding.encoding_format,
    truncate: embedding.truncate,
    ...cut,
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

/**
 * What the host is told of the length of its vectors. Only what the catalog lists is cut. A vector as long as the
 * model's own needs no cut; where the catalog does not say how long that is, the host does.
 * @throws TwohopError invalid_request, with the lengths that there are
 */
function cutOf({ id, dimensions = [], width }: Model, asked: number | undefined): Cut {
  if (asked === undefined || asked === width) return {}
  if (dimensions.includes(asked)) return { dimensions: asked }
  if (dimensions.length === 0 && width === undefined) return { dimensions: asked, whole: true }
  const all = [...new Set([...dimensions, ...(width === undefined ? [] : [width])])].toSorted((a, b) => a - b)
  throw new TwohopError('invalid_request', `${id} has vectors of ${all.join(' or ')} dimensions.`, {
    param: 'dimensions',
  })
}
type Cut = Pick<HostEmbeddingRequest, 'dimensions' | 'whole'>
