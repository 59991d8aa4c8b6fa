import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../../../../../inference-host/decoding/writing/random.ts'
import { embeddedModel } from '../../../../../fixtures/models.ts'
import {
  accepts,
  bind,
  endless,
  generate,
  hasty,
  schemaStructure,
  uniform,
  vocabularyOf,
} from '../../../../../fixtures/structure/drive.ts'

const vocabulary = vocabularyOf(embeddedModel('twohop-chat').folder)
const bound = (schema: object) => bind(schemaStructure({ type: 'string', ...schema }), vocabulary)

describe('the units of a text are counted as it is written', () => {
  const patterns = [
    '^(?:ab|b)*$',
    '^[^b]*$',
    'a$',
    '^(?:😀|a)+"?$',
    '^(?!.*aa).*$',
    '^.{2,4}$',
    '^é(?:a*|b{2,})$',
  ]
  const texts = fc.array(fc.constantFrom('a', 'b', 'é', '😀', '"', '\\', '\n'), { maxLength: 6 })

  test('so that at least so many code points and at most so many units are written beside any pattern', () => {
    const structures = new Map<string, ReturnType<typeof bound>>()
    const property = fc.property(
      fc.constantFrom(...patterns),
      fc.constantFrom(0, 1, 3),
      fc.constantFrom(3, 4, 5),
      texts,
      (pattern, minLength, maxLength, characters) => {
        const key = `${pattern} ${minLength} ${maxLength}`
        const structured = structures.get(key) ?? bound({ pattern, minLength, maxLength })
        structures.set(key, structured)
        const text = characters.join('')
        const [least, most] = pattern === '^.{2,4}$' ? [2, 4] : [0, Infinity]
        const valid =
          new RegExp(pattern, 'u').test(text) &&
          characters.length >= Math.max(least, minLength) &&
          text.length <= Math.min(most, maxLength)
        expect([key, text, accepts(structured, JSON.stringify(text), vocabulary)]).toEqual([key, text, valid])
      },
    )
    fc.assert(property, { numRuns: 1500, seed: 20_261_129 })
  })

  test.each<[object, RegExp]>([
    [{ pattern: '^(?:ab|😀)*$' }, /^(?:ab|😀)*$/u],
    [{ pattern: 'end$', minLength: 5 }, /end$/u],
    [{ format: 'email', pattern: '^.{1,40}$' }, /^[^@]+@[^@]+\.[^@]+$/],
    [{ format: 'uri' }, /^https?:\/\/[^.]+\./],
  ])('an answer to %j is whole, however much room there is', (schema, expected) => {
    for (const maxLength of [14, 15, 40, 2000]) {
      const structured = bound({ ...schema, maxLength })
      const random = seededRandom(maxLength)
      for (const model of [uniform(random), endless(random, vocabulary), hasty(random, vocabulary)])
        for (const room of [0, 1, 5, 60]) {
          const most = structured.fewestTokens + room
          const text: string = JSON.parse(generate(structured.start(most), vocabulary, model, most))
          expect(text).toMatch(expected)
          expect(text.length).toBeLessThanOrEqual(
            Math.min(maxLength, 'format' in schema && 'pattern' in schema ? 40 : maxLength),
          )
        }
    }
  })

  test('what no text is short enough for is refused', () => {
    expect(() => bound({ pattern: '^😀{3}', maxLength: 5 })).toThrow(
      expect.objectContaining({ code: 'invalid_request', param: 'schema.maxLength' }),
    )
    expect(accepts(bound({ pattern: '^😀{3}', maxLength: 6 }), '"😀😀😀"', vocabulary)).toBe(true)
  })
})
