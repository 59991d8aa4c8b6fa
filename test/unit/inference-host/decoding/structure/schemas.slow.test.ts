import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Structured } from '../../../../../inference-host/decoding/structure/matcher.ts'
import { seededRandom } from '../../../../../inference-host/decoding/writing/random.ts'
import { TwohopError } from '../../../../../shared/errors.ts'
import { embeddedModel } from '../../../../fixtures/models.ts'
import {
  bind,
  endless,
  generate,
  hasty,
  opening,
  schemaStructure,
  uniform,
  validator,
  vocabularyOf,
} from '../../../../fixtures/structure/drive.ts'
import { randomSchema } from '../../../../fixtures/structure/random-schema.ts'
import { REALISTIC } from '../../../../fixtures/structure/realistic-schemas.ts'

const vocabulary = vocabularyOf(embeddedModel('twohop-chat').folder)
const MODELS = [uniform, endless, opening, hasty]

/** Answers of every kind of model, in as few tokens as fit and in more, are valid. */
function expectValid(schema: unknown, structured: Structured, seed: number): void {
  const validate = validator().compile(schema as object)
  const random = seededRandom(seed)
  const fewest = structured.fewestTokens
  for (const make of MODELS)
    for (const maxTokens of [fewest, fewest + 30]) {
      const answer = generate(structured.start(maxTokens), vocabulary, make(random, vocabulary), maxTokens)
      expect(validate(JSON.parse(answer)), `${make.name} ${maxTokens}: ${answer}`).toBe(true)
    }
}

test.each(Object.entries(REALISTIC))(
  'whatever is chosen, an answer to "%s" parses and validates',
  (_, schema) => {
    expectValid(schema, bind(schemaStructure(schema), vocabulary), 1)
  },
)

test('sixty random schemas: each is refused by name, or every answer to it validates', () => {
  let answered = 0
  const property = fc.property(randomSchema(), fc.integer(), (schema, seed) => {
    let structured: Structured
    try {
      structured = bind(schemaStructure(schema), vocabulary)
    } catch (error) {
      expect(error).toBeInstanceOf(TwohopError)
      expect((error as TwohopError).code).toBe('invalid_request')
      expect((error as TwohopError).param).toMatch(/^schema/)
      return
    }
    answered++
    expectValid(schema, structured, seed)
  })
  fc.assert(property, { numRuns: 60, seed: 20_261_121 })
  expect(answered).toBeGreaterThan(45)
})
