import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../../../../../inference-host/decoding/writing/random.ts'
import { embeddedModel } from '../../../../../fixtures/models.ts'
import {
  accepts,
  bind,
  generate,
  hasty,
  schemaStructure,
  uniform,
  validator,
  vocabularyOf,
  written,
} from '../../../../../fixtures/structure/drive.ts'

const vocabulary = vocabularyOf(embeddedModel('twohop-chat').folder)

const of = (name: string, schema: object) => ({
  type: 'object',
  properties: { [name]: schema },
  required: [name],
})
const string = { type: 'string', maxLength: 12 }

/** Schemas with what can be written for them, and what cannot. */
const CASES: [string, object, unknown[], unknown[]][] = [
  ['a type', { not: { type: ['string', 'object', 'array'] } }, [1, null, true], ['a', {}, []]],
  ['integers', { type: 'number', not: { type: 'integer' } }, [0.5, -1.25], [1, 2, 0, -3]],
  ['a value', { ...string, not: { const: 'none' } }, ['non', 'nones', ''], ['none', 1]],
  ['values', { ...string, not: { enum: ['a', 'b'] } }, ['c', 'ab'], ['a', 'b']],
  ['values of several types', { not: { enum: [null, 1, 'a', true] } }, ['b', 2, false], [null, 1, 'a', true]],
  ['numbers', { type: 'number', not: { enum: [1, 0] } }, [2, 1.5, 10, -1], [1, 0]],
  ['a pattern', { ...string, not: { pattern: '^admin' } }, ['user', 'xadmin'], ['admin1']],
  ['a pattern of more types', { type: ['string', 'null'], not: { pattern: 'a' } }, ['b'], ['a', null]],
  ['lengths', { type: 'string', not: { minLength: 3 } }, ['ab'], ['abc']],
  ['bounds', { type: 'integer', not: { minimum: 3 } }, [2, -9], [3, 4]],
  ['multiples', { type: 'integer', not: { multipleOf: 3 } }, [1, 2, 4, 10], [0, 3, 9, -6]],
  ['a property', { ...of('a', string), not: { required: ['b'] } }, [{ a: 'x' }], [{ a: 'x', b: 1 }]],
  [
    'a property of a value',
    {
      type: 'object',
      properties: { a: string },
      required: ['a'],
      not: { properties: { a: { const: 'x' } } },
    },
    [{ a: 'y' }],
    [{ a: 'x' }],
  ],
  [
    'one of several',
    { ...string, not: { anyOf: [{ pattern: '^a' }, { pattern: 'z$' }] } },
    ['b'],
    ['a', 'z', 'az'],
  ],
  [
    'all of several',
    { ...string, not: { allOf: [{ pattern: '^a' }, { pattern: 'z$' }] } },
    ['a', 'z'],
    ['az'],
  ],
  ['what is not', { ...string, not: { not: { pattern: '^a' } } }, ['ab'], ['b']],
  [
    'several things',
    { allOf: [{ ...string, not: { const: 'a' } }, { not: { pattern: 'b' } }] },
    ['c'],
    ['a', 'b'],
  ],
  ['a reference', { ...string, not: { $ref: '#/$defs/a' }, $defs: { a: { const: 'a' } } }, ['b'], ['a']],
  ['nothing', { ...string, not: false }, ['a'], [1]],
  [
    'a name that no client means as what JavaScript has by it',
    {
      ...of('a', string),
      not: { properties: { toString: { const: 1 }, valueOf: {} }, required: ['toString'] },
    },
    [{ a: 'x' }],
    [],
  ],
  [
    'a closed object: another property that is declared',
    {
      ...of('a', string),
      properties: { a: string, b: string },
      not: { properties: { a: {} }, additionalProperties: false },
    },
    [{ a: 'x', b: 'y' }],
    [{ a: 'x' }],
  ],
  [
    'items: the first is another',
    { type: 'array', items: { enum: [1, 2, 3] }, not: { items: { const: 1 } } },
    [[2], [3, 1]],
    [[1], []],
  ],
  [
    'a tuple: one of its places is another',
    { type: 'array', items: { enum: [1, 2] }, not: { prefixItems: [{ const: 1 }, { const: 1 }] } },
    [[2], [1, 2], [2, 1]],
    [[1, 1], [1], []],
  ],
  ['one of', { ...string, not: { oneOf: [{ const: 'a' }, { pattern: '^b' }] } }, ['c'], ['a', 'ba']],
  [
    'what can be said, where something else cannot',
    { ...of('a', string), not: { propertyNames: { pattern: 'z' }, required: ['b'] } },
    [{ a: 'x' }],
    [{ a: 'x', b: 'y' }],
  ],
]

describe('what is valid where a schema is not', () => {
  test.each(CASES)('%s', (_, schema, good, bad) => {
    const structured = bind(schemaStructure(schema), vocabulary)
    for (const value of good)
      expect(accepts(structured, written(value), vocabulary), written(value)).toBe(true)
    for (const value of bad)
      expect(accepts(structured, written(value), vocabulary), written(value)).toBe(false)
    const validate = validator().compile(schema)
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const most = structured.fewestTokens + 12
        for (const model of [uniform(seededRandom(seed)), hasty(seededRandom(seed), vocabulary)]) {
          const answer = generate(structured.start(most), vocabulary, model, most)
          expect(validate(JSON.parse(answer)), answer).toBe(true)
        }
      }),
      { numRuns: 6, seed: 3 },
    )
  })
})
