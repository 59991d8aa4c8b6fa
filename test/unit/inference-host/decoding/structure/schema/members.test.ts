import { describe, expect, test } from 'vitest'
import { embeddedModel } from '../../../../../fixtures/models.ts'
import { accepts, bind, schemaStructure, vocabularyOf } from '../../../../../fixtures/structure/drive.ts'

const vocabulary = vocabularyOf(embeddedModel('twohop-chat').folder)
const integer = { type: 'integer' }
const word = { type: 'string', pattern: '^[a-z]+$' }

const CASES: [string, object, object[], object[]][] = [
  [
    'names that match a pattern',
    { type: 'object', patternProperties: { '^n_': integer } },
    [{}, { n_a: 1 }, { n_a: 1, n_b: 2 }],
    [{ n_a: 'x' }, { other: 1 }],
  ],
  [
    'patterns beside declared names and others',
    {
      properties: { n_a: { minimum: 5 }, b: true },
      required: ['n_a'],
      patternProperties: { '^n_': integer, _w$: word },
      additionalProperties: { type: 'boolean' },
    },
    [{ n_a: 7 }, { n_a: 7, b: 1, n_b: 2 }, { n_a: 5, x_w: 'ab' }, { n_a: 5, other: true }],
    [{ n_a: 4 }, { n_a: 5.5 }, { n_a: 7, x_w: 1 }, { n_a: 7, other: 1 }, { n_a: 7, n_b: true }],
  ],
  [
    'no name beside the patterns',
    { properties: { a: true }, patternProperties: { '^x-': word }, additionalProperties: false },
    [{ a: 1 }, { a: 1, 'x-b': 'c' }],
    [{ b: 1 }, { a: 1, 'x-b': 1 }],
  ],
  [
    'a pattern that allows nothing',
    { patternProperties: { '^_': false }, additionalProperties: integer },
    [{ a: 1 }],
    [{ _a: 1 }],
  ],
  [
    'names that have to be of a form, beside declared ones',
    { properties: { ab: integer }, propertyNames: { pattern: '^[a-z]+$' }, additionalProperties: integer },
    [{ ab: 1 }, { ab: 1, c: 2 }, { c: 2 }],
    [{ ab: 1, C: 2 }],
  ],
  [
    'a declared name that is not of the form',
    {
      properties: { ab: integer, A: integer },
      propertyNames: { pattern: '^[a-z]+$' },
      additionalProperties: false,
    },
    [{ ab: 1 }, {}],
    [{ A: 1 }],
  ],
  [
    'names that are listed, some of them required',
    {
      propertyNames: { enum: ['low', 'high', 'top'] },
      required: ['high'],
      additionalProperties: integer,
    },
    [{ high: 1 }, { high: 1, low: 2, top: 3 }],
    [{ low: 1 }, { high: 1, other: 2 }],
  ],
  [
    'names in a choice of constants, at most two',
    {
      type: 'object',
      propertyNames: { anyOf: [{ const: 'a' }, { const: 'b' }, { enum: ['c'] }] },
      additionalProperties: integer,
      maxProperties: 2,
      minProperties: 1,
    },
    [{ a: 1 }, { a: 1, b: 2 }],
    [{ d: 1 }, { a: 1, b: 2, c: 3 }, {}],
  ],
  [
    'names that are emails',
    { type: 'object', propertyNames: { format: 'email' }, additionalProperties: integer },
    [{ 'a@example.com': 1 }],
    [{ a: 1 }],
  ],
]

describe('properties', () => {
  test.each(CASES)('%s', (_, schema, good, bad) => {
    const structured = bind(schemaStructure(schema), vocabulary)
    for (const value of good)
      expect(accepts(structured, JSON.stringify(value), vocabulary), JSON.stringify(value)).toBe(true)
    for (const value of bad)
      expect(accepts(structured, JSON.stringify(value), vocabulary), JSON.stringify(value)).toBe(false)
  })
})

test('schemas that are combined can share names by pattern only where neither closes the others', () => {
  const combined = (rest: unknown) => ({
    allOf: [
      { properties: { a: integer }, ...(rest !== undefined && { additionalProperties: rest }) },
      { patternProperties: { '^x': integer } },
    ],
  })
  expect(accepts(bind(schemaStructure(combined(undefined)), vocabulary), '{"a":1,"x":2}', vocabulary)).toBe(
    true,
  )
  expect(() => bind(schemaStructure(combined(false)), vocabulary)).toThrow(
    expect.objectContaining({ code: 'invalid_request', param: 'schema.additionalProperties' }),
  )
})
