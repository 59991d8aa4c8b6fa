import { TwohopError } from '../../shared/errors.ts'
import type { EncodeWork } from '../work/encode.ts'
import { poolTokens } from './pooling.ts'
import type { EncoderModel, Reading } from './reader.ts'

/**
 * The exports' names for the vectors of the tokens, and for the vector of the whole text where the graph pools by
 * itself.
 */
const TOKEN_VECTORS = ['last_hidden_state', 'token_embeddings']
const TEXT_VECTOR = 'sentence_embedding'

/**
 * Embeddings: one vector for each text.
 * @throws TwohopError `invalid_request` where more dimensions are asked for than there are, or others with `whole`
 */
export function readEmbeddings(
  { pooling, outputs }: EncoderModel,
  {
    texts,
    normalize,
    encoding,
    dimensions,
    whole = false,
    field = 'input',
    truncate = false,
  }: Extract<EncodeWork, { kind: 'embed' }>,
): Reading {
  const items: string[] = []
  const tokenVectors = TOKEN_VECTORS.find((name) => outputs.has(name))
  const width = outputs.get(tokenVectors ?? TEXT_VECTOR)
  const tooLong = width !== undefined && dimensions !== undefined && dimensions > width
  if (tooLong || (whole && dimensions !== width))
    throw new TwohopError(
      'invalid_request',
      width === undefined
        ? "How long the model's vectors are is not known before they are made: leave this out."
        : `The model's vectors have ${width} dimensions.`,
      { param: 'dimensions' },
    )
  return {
    inputs: texts.map((text, i) => ({ text, field: `${field}[${i}]` })),
    truncate,
    take(index, row, valuesOf) {
      const values = valuesOf(tokenVectors ?? TEXT_VECTOR)
      const how = { normalize, ...(dimensions !== undefined && { dimensions }) }
      const vector =
        tokenVectors === undefined
          ? poolTokens(values, 1, { ...how, pooling: 'cls' })
          : poolTokens(values, row.ids.length, { ...how, pooling })
      items[index] = vectorJson(vector, encoding)
    },
    items: () => items,
  }
}

function vectorJson(vector: Float32Array, encoding: 'float' | 'base64'): string {
  if (encoding === 'float') return JSON.stringify(Array.from(vector))
  // Typed arrays are little-endian on every machine that Node runs on, which is what OpenAI's clients expect.
  return JSON.stringify(Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString('base64'))
}
