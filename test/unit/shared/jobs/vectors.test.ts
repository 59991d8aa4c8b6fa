import { expect, it } from 'vitest'
import { packVectors, unpackVectors } from '../../../../shared/jobs/vectors.ts'

const vector = Array.from(Float32Array.from({ length: 256 }, (_, i) => Math.sin(i) / 16))
const embeddings = (embedding: unknown) => ({
  object: 'list',
  data: [{ object: 'embedding', index: 0, embedding }],
  model: 'm',
  usage: { prompt_tokens: 1 },
})
const EMBEDDINGS = '/v1/embeddings'
const FEATURES = '/v1/tasks/feature-extraction'

it.each([
  ['embeddings', EMBEDDINGS, embeddings(vector)],
  ['one text', FEATURES, vector],
  [
    'several texts',
    FEATURES,
    [vector, { error: { code: 'context_length_exceeded', message: 'too long' } }, vector],
  ],
])('gives back every number of %s, from less than a third of the bytes', (_name, path, body) => {
  const packed = JSON.stringify(packVectors(path, body))
  expect(packed.length).toBeLessThan(JSON.stringify(body).length / 3)
  expect(unpackVectors(path, JSON.parse(packed))).toEqual(body)
})

it.each([
  ['base64 that the client asked for', EMBEDDINGS, embeddings('AACAPw==')],
  ['an error', EMBEDDINGS, { error: { code: 'invalid_request', message: 'no' } }],
  ['an empty vector', FEATURES, []],
  ['a list of none', EMBEDDINGS, { data: [] }],
  ['what is no record', EMBEDDINGS, [vector]],
  ["another route's answer", '/v1/rerank', { results: [[1, 2]], f32: 'AACAPw==' }],
  ['null', FEATURES, null],
])('leaves %s as it is', (_name, path, body) => {
  expect(packVectors(path, body)).toEqual(body)
  expect(unpackVectors(path, body)).toEqual(body)
})

it('packs as OpenAI does: little-endian 32-bit floats', () => {
  expect(packVectors(FEATURES, [1, -2])).toEqual({ f32: 'AACAPwAAAMA=' })
})
