import fc from 'fast-check'
import { expect, test } from 'vitest'
import { allows } from '../../../inference-host/decoding/sampling/token-mask.ts'
import type { Structured } from '../../../inference-host/decoding/structure/matcher.ts'
import { createDetokenizer } from '../../../inference-host/decoding/writing/detokenizer.ts'
import { seededRandom } from '../../../inference-host/decoding/writing/random.ts'
import { loadTokenizer } from '../../../inference-host/weights/tokenizer.ts'
import { TwohopError } from '../../../shared/errors.ts'
import { describeEachModel, embeddedModel, realModel } from '../../fixtures/models.ts'
import {
  bind,
  endless,
  generate,
  hasty,
  opening,
  STOP,
  schemaStructure,
  uniform,
  validator,
  vocabularyOf,
} from '../../fixtures/structure/drive.ts'
import { randomSchema } from '../../fixtures/structure/random-schema.ts'
import { REALISTIC } from '../../fixtures/structure/realistic-schemas.ts'

const VOCABULARIES = [
  { ...embeddedModel('twohop-chat'), schemas: 400 },
  { ...realModel('SmolLM2-135M-Instruct'), schemas: 40 },
]
const MODELS = [uniform, endless, opening, hasty]

describeEachModel('with the tokens of %s', VOCABULARIES, ({ folder, schemas }) => {
  test(`every answer to ${schemas} random schemas validates, or its schema is refused by name`, () => {
    const vocabulary = vocabularyOf(folder)
    let answers = 0
    const property = fc.property(randomSchema(4), fc.integer(), (schema, seed) => {
      let structured: Structured
      try {
        structured = bind(schemaStructure(schema), vocabulary)
      } catch (error) {
        expect(error).toMatchObject({ code: 'invalid_request', param: expect.stringMatching(/^schema/) })
        expect(error).toBeInstanceOf(TwohopError)
        return
      }
      const validate = validator().compile(schema as object)
      const random = seededRandom(seed)
      const fewest = structured.fewestTokens
      for (const make of MODELS)
        for (const maxTokens of [fewest, fewest + 15, fewest + 120]) {
          const answer = generate(
            structured.start(maxTokens),
            vocabulary,
            make(random, vocabulary),
            maxTokens,
          )
          expect(validate(JSON.parse(answer)), `${make.name} ${maxTokens}: ${answer}`).toBe(true)
          answers++
        }
    })
    fc.assert(property, { numRuns: schemas, seed: 4 })
    expect(answers).toBeGreaterThan(schemas * 6)
  })

  test('the text that the tokenizer makes of the tokens validates too', async () => {
    const vocabulary = vocabularyOf(folder)
    const tokenizer = await loadTokenizer(folder)
    for (const [name, schema] of Object.entries(REALISTIC)) {
      const structured = bind(schemaStructure(schema), vocabulary)
      const random = seededRandom(name.length)
      for (const make of [uniform, endless]) {
        const maxTokens = structured.fewestTokens + 60
        const matcher = structured.start(maxTokens)
        const model = make(random, vocabulary)
        const mask = new Int32Array(Math.ceil(vocabulary.tokens.length / 32))
        const detokenizer = createDetokenizer((ids) =>
          tokenizer.decode(ids, { skip_special_tokens: true, clean_up_tokenization_spaces: false }),
        )
        let answer = ''
        for (let left = maxTokens; left > 0 && !matcher.terminated; left--) {
          matcher.next(mask, left)
          const token = model(vocabulary.tokens.flatMap((_, id) => (allows(mask, id) ? [id] : [])))
          matcher.accept(token)
          if (token !== STOP) answer += detokenizer.push(token)
        }
        expect(matcher.terminated).toBe(true)
        const validate = validator().compile(schema as object)
        expect(validate(JSON.parse(answer)), `${name}: ${answer}`).toBe(true)
      }
    }
  })
})
