import { expect, test } from 'vitest'
import { validator } from '../../../../../fixtures/structure/drive.ts'
import { writer } from '../../../../../fixtures/structure/writer.ts'

const object = { type: 'object' }
const list = { type: 'array' }
const integer = { type: 'integer' }
const small = { ...integer, minimum: 0, maximum: 3 }

test.each<[string, object, unknown[], unknown[]]>([
  [
    'places of an array that are said apart, a count, and what nothing says',
    {
      allOf: [
        { ...list, prefixItems: [integer], contains: { const: 3 }, maxContains: 1 },
        { prefixItems: [true, { type: 'string' }] },
      ],
      unevaluatedItems: { const: 3 },
      maxItems: 5,
    },
    [[3, 'a']],
    [
      [1, 'a'],
      [3, 'a', 3],
      [1, 'a', 3, 3],
      [3, 3],
    ],
  ],
  [
    'options that pin what may be missing',
    {
      ...object,
      properties: { name: { enum: ['x', 'y'] } },
      required: ['name'],
      oneOf: [
        { properties: { flag: { const: 1 } } },
        { properties: { flag: { const: 2 } } },
        { properties: { flag: { const: 3 }, name: { const: 'x' } } },
      ],
    },
    [
      { name: 'x', flag: 1 },
      { name: 'x', flag: 3 },
    ],
    [{ name: 'x' }, { name: 'y', flag: 3 }, { name: 'x', flag: 4 }],
  ],
  [
    'what depends on a property rules another out',
    {
      ...object,
      properties: { a: integer, b: integer, c: integer },
      dependentSchemas: {
        a: { properties: { b: false }, required: ['c'] },
        b: { properties: { c: { minimum: 5 } } },
      },
      additionalProperties: false,
      minProperties: 1,
    },
    [{ a: 1, c: 1 }, { b: 1, c: 5 }, { c: 1 }],
    [{ a: 1 }, { a: 1, b: 1, c: 1 }, { b: 1, c: 4 }, {}],
  ],
  [
    'a condition of a condition, and what is not there',
    {
      ...object,
      properties: { a: small, b: { type: 'boolean' } },
      if: { not: { required: ['a'] } },
      // biome-ignore lint/suspicious/noThenProperty: it is a keyword of JSON Schema.
      then: { required: ['b'] },
      else: {
        if: { properties: { a: { not: { minimum: 2 } } } },
        // biome-ignore lint/suspicious/noThenProperty: it is a keyword of JSON Schema.
        then: { properties: { b: false } },
        else: { properties: { b: { const: true } }, required: ['b'] },
      },
      additionalProperties: false,
    },
    [{ b: false }, { a: 1 }, { a: 2, b: true }],
    [{}, { a: 1, b: true }, { a: 3 }, { a: 3, b: false }],
  ],
  [
    'a name that is declared and matches two patterns, in an object that is closed',
    {
      ...object,
      properties: { ab: integer },
      patternProperties: { '^a': { minimum: 3 }, b$: { maximum: 5 } },
      additionalProperties: false,
      minProperties: 1,
    },
    [{ ab: 4 }, { a: 3 }, { b: 5 }],
    [{ ab: 2 }, { ab: 6 }, { a: 2 }, { b: 6 }, { aab: 9 }, { c: 1 }],
  ],
  [
    'no item that counts',
    { ...list, items: small, contains: { multipleOf: 2 }, minContains: 0, maxContains: 0, maxItems: 3 },
    [[], [1], [3, 1]],
    [[0], [1, 2]],
  ],
  [
    'two kinds of items at once, one at least and one at most so often',
    {
      ...list,
      items: { ...integer, minimum: 0, maximum: 6 },
      allOf: [
        { contains: { multipleOf: 2 }, minContains: 2 },
        { contains: { multipleOf: 3 }, maxContains: 1 },
      ],
      maxItems: 4,
    },
    [
      [0, 2],
      [2, 4, 3],
    ],
    [
      [2, 4],
      [0, 6],
      [3, 3, 2, 2],
      [2, 3],
    ],
  ],
  [
    'multiples that are none of another',
    { ...integer, multipleOf: 4, allOf: [{ multipleOf: 6 }, { not: { multipleOf: 24 } }], maximum: 50 },
    [12, 36, -12],
    [0, 24, 8, 6],
  ],
  [
    'a reference back with more beside it, until nothing may follow',
    {
      ...object,
      properties: { v: integer, next: { $ref: '#/$defs/last', properties: { v: { minimum: 5 } } } },
      required: ['v'],
      additionalProperties: false,
      $defs: { last: { ...object, properties: { v: integer, next: { $ref: '#' } }, maxProperties: 1 } },
    },
    [{ v: 1 }, { v: 1, next: { v: 5 } }],
    [{ v: 1, next: { v: 4 } }, { v: 1, next: { v: 5, next: { v: 1 } } }, { next: { v: 5 } }],
  ],
  [
    'values of each type, and what is none of them',
    { enum: [1, '1', true, null, [1], { a: 1 }], type: ['integer', 'string', 'array'], not: { const: '1' } },
    [1, [1]],
    ['1', true, null, { a: 1 }, 2],
  ],
])('%s', (_, schema, can, cannot) => {
  const canWrite = writer(schema)
  const validate = validator().compile(schema)
  for (const value of can) expect([value, validate(value), canWrite(value)]).toEqual([value, true, true])
  for (const value of cannot) expect([value, validate(value), canWrite(value)]).toEqual([value, false, false])
})
