// biome-ignore-all lint/suspicious/noThenProperty: it is a keyword of JSON Schema.
import { describe, expect, test } from 'vitest'
import { compileStructure } from '../../../../../../inference-host/decoding/structure/compile.ts'
import { withoutConditions } from '../../../../../../inference-host/decoding/structure/schema/conditions.ts'
import { embeddedModel } from '../../../../../fixtures/models.ts'
import {
  accepts,
  bind,
  schemaStructure,
  validator,
  vocabularyOf,
} from '../../../../../fixtures/structure/drive.ts'

const vocabulary = vocabularyOf(embeddedModel('twohop-chat').folder)
const word = { type: 'string', maxLength: 8 }
const object = (properties: object, more: object = {}) => ({ type: 'object', properties, ...more })
const address = object({ country: { enum: ['us', 'de'] }, zip: word, plz: word }, { required: ['country'] })
const american = { properties: { country: { const: 'us' } } }

/** Schemas with what can be written for them, and what cannot. Spaces are those of answers. */
const CASES: [string, object, string[], string[]][] = [
  [
    'if, then and else',
    { ...address, if: american, then: { required: ['zip'] }, else: { required: ['plz'] } },
    ['{"country": "us", "zip": "1"}', '{"country": "de", "plz": "1"}'],
    ['{"country": "us"}', '{"country": "de", "zip": "1"}'],
  ],
  [
    'if and then',
    { ...address, if: american, then: { required: ['zip'] } },
    ['{"country": "us", "zip": "1"}', '{"country": "de"}'],
    ['{"country": "us"}', '{"country": "us", "plz": "1"}'],
  ],
  [
    'if and else',
    { ...address, if: american, else: { properties: { zip: false } } },
    ['{"country": "us", "zip": "1"}', '{"country": "us"}', '{"country": "de"}'],
    ['{"country": "de", "zip": "1"}'],
  ],
  [
    'an if that holds where its property is missing',
    object(
      { kind: { enum: ['a', 'b'] }, size: { type: 'integer' } },
      {
        if: { properties: { kind: { const: 'a' } } },
        then: { required: ['size'] },
      },
    ),
    ['{"kind": "a", "size": 1}', '{"size": 1}', '{"kind": "b"}'],
    ['{}', '{"kind": "a"}'],
  ],
  ['if alone', { ...word, if: { const: 'a' } }, ['"a"', '"b"'], ['1']],
  ['then and else alone', { ...word, then: false, else: { minLength: 3 } }, ['"a"'], ['1']],
  [
    'if of strings',
    { ...word, if: { pattern: '^a' }, then: { minLength: 3 }, else: { maxLength: 2 } },
    ['"abc"', '"b"', '"bc"'],
    ['"a"', '"ab"', '"bcd"'],
  ],
  [
    'one if in another',
    {
      type: 'integer',
      if: { minimum: 10 },
      then: { if: { minimum: 20 }, then: { multipleOf: 5 }, else: { multipleOf: 2 } },
      else: { multipleOf: 3 },
    },
    ['3', '9', '12', '25', '20'],
    ['4', '11', '22'],
  ],
  [
    'dependentRequired',
    object({ a: word, b: word, c: word }, { dependentRequired: { b: ['c'] } }),
    ['{"a": "x"}', '{"b": "x", "c": "y"}', '{"c": "y"}'],
    ['{"b": "x"}', '{"a": "x", "b": "x"}'],
  ],
  [
    'dependentRequired both ways',
    object({ a: word, b: word }, { dependentRequired: { a: ['b'], b: ['a'] } }),
    ['{}', '{"a": "x", "b": "y"}'],
    ['{"a": "x"}', '{"b": "x"}'],
  ],
  [
    'dependentSchemas',
    object({ a: word, b: word }, { dependentSchemas: { a: { properties: { b: { minLength: 2 } } } } }),
    ['{"b": "x"}', '{"a": "x", "b": "xy"}', '{"a": "x"}'],
    ['{"a": "x", "b": "x"}'],
  ],
  [
    "draft 7's dependencies, of names and of schemas",
    object({ a: word, b: word, c: word }, { dependencies: { a: ['b'], b: { required: ['c'] } } }),
    ['{"c": "x"}', '{"b": "x", "c": "y"}', '{"a": "x", "b": "x", "c": "y"}'],
    ['{"a": "x"}', '{"a": "x", "b": "x"}', '{"b": "x"}'],
  ],
  [
    'a name that is not declared',
    object({ a: word }, { dependentRequired: { a: ['z'] } }),
    ['{}', '{"a": "x", "z": 1}'],
    ['{"a": "x"}'],
  ],
  [
    'under not',
    object({ a: word, b: word }, { required: ['a'], not: { dependentRequired: { a: ['b'] } } }),
    ['{"a": "x"}'],
    ['{"a": "x", "b": "y"}'],
  ],
  [
    'in what is listed',
    { enum: [{ a: 1 }, { a: 1, b: 2 }, 'x'], dependentRequired: { a: ['b'] } },
    ['{"a":1,"b":2}', '"x"'],
    ['{"a": 1}'],
  ],
  [
    'merged with another',
    { allOf: [object({ a: word, b: word }, { dependentRequired: { a: ['b'] } }), { required: ['a'] }] },
    ['{"a": "x", "b": "y"}'],
    ['{"a": "x"}', '{}'],
  ],
  [
    'of a closed object: what then declares is not allowed',
    object(
      { a: word },
      { additionalProperties: false, if: { required: ['a'] }, then: { properties: { b: word } } },
    ),
    ['{"a": "x"}', '{}'],
    ['{"a": "x", "b": "y"}'],
  ],
]

describe('conditions', () => {
  test.each(CASES)('%s', (_, schema, good, bad) => {
    const structured = bind(schemaStructure(schema), vocabulary)
    // Draft 7's keyword in the words of 2020-12 is what the validator is told.
    const validate = validator().compile(schema)
    for (const text of good) {
      expect(accepts(structured, text, vocabulary), text).toBe(true)
      expect(validate(JSON.parse(text)), text).toBe(true)
    }
    for (const text of bad) expect(accepts(structured, text, vocabulary), text).toBe(false)
  })

  test('a schema without any is the same object', () => {
    const schema = { type: 'string' }
    expect(withoutConditions(schema)).toBe(schema)
  })

  test.each<[string, object, string]>([
    ['if', { if: { divisibleBy: 2 }, then: { type: 'string' } }, 'schema.if.divisibleBy'],
    ['then', { if: { type: 'array' }, then: { divisibleBy: 2 }, else: false }, 'schema.then.divisibleBy'],
    ['else', { if: { type: 'array' }, then: { maxItems: 1 }, else: { $ref: 'x' } }, 'schema.else.$ref'],
    ['an if that is no schema', { if: 5, then: { type: 'string' } }, 'schema.if'],
    [
      'names that are no list',
      { type: 'object', dependentRequired: { a: 'b' } },
      'schema.dependentRequired.a',
    ],
    ['what is no object', { type: 'object', dependentSchemas: ['a'] }, 'schema.dependentSchemas'],
  ])('what is wrong in %s is named where the client said it', (_, schema, param) => {
    expect(() => compileStructure(schemaStructure(schema))).toThrow(
      expect.objectContaining({ code: 'invalid_request', param }),
    )
  })
})
