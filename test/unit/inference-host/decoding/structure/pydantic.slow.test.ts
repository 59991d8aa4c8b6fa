import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../../../../inference-host/decoding/writing/random.ts'
import { embeddedModel } from '../../../../fixtures/models.ts'
import {
  accepts,
  bind,
  generate,
  hasty,
  schemaStructure,
  uniform,
  validator,
  vocabularyOf,
} from '../../../../fixtures/structure/drive.ts'

type Written = { origin: string; types: Record<string, { schema: object; samples: unknown[] }> }

/** What Pydantic wrote for the types that are named. The file says which version, and how it was asked. */
const written: Written = JSON.parse(
  readFileSync(path.join(import.meta.dirname, '../../../../fixtures/structure/pydantic.json'), 'utf8'),
)

const vocabulary = vocabularyOf(embeddedModel('twohop-chat').folder)

/**
 * Types that are refused, and where: items that all differ, of a type with very many values. What has been written would
 * have to be remembered, which no grammar can.
 */
const REFUSED: Record<string, string> = { 'frozen set of ints': 'schema.uniqueItems' }

test('there are the 95 types that docs/engine.md tells of', () => {
  expect(Object.keys(written.types)).toHaveLength(95)
})

test.each(Object.entries(REFUSED))('%s is refused at %s', (name, param) => {
  expect(() => bind(schemaStructure(written.types[name]?.schema), vocabulary)).toThrow(
    expect.objectContaining({ code: 'invalid_request', param }),
  )
})

describe(`a type of ${written.origin.split(',')[0]}`, () => {
  test.each(Object.entries(written.types).filter(([name]) => !(name in REFUSED)))(
    '%s',
    (name, { schema, samples }) => {
      const validate = validator().compile(schema)
      const structured = bind(schemaStructure(schema), vocabulary)
      for (const sample of samples)
        expect(accepts(structured, JSON.stringify(sample), vocabulary), JSON.stringify(sample)).toBe(true)
      const random = seededRandom(name.length)
      const most = structured.fewestTokens + 40
      for (const model of [uniform(random), hasty(random, vocabulary)]) {
        const answer = generate(structured.start(most), vocabulary, model, most)
        expect(validate(JSON.parse(answer)), answer).toBe(true)
      }
    },
  )
})
