import { describe, expect, test } from 'vitest'
import { compileStructure } from '../../../../../../inference-host/decoding/structure/compile.ts'
import { modern } from '../../../../../../inference-host/decoding/structure/schema/dialects.ts'
import { schemaStructure } from '../../../../../fixtures/structure/drive.ts'

const word = { type: 'string' }
const node = { $ref: '#/$defs/node' }

test.each<[string, object, unknown]>([
  ['OpenAPI 3.0: null is one more type', { ...word, nullable: true }, { type: ['string', 'null'] }],
  ['a list of types too', { type: ['string', 'null'], nullable: true }, { type: ['string', 'null'] }],
  ['not null', { ...word, nullable: false }, { ...word, nullable: false }],
  [
    'null, or what is referred to',
    { allOf: [node], nullable: true },
    { anyOf: [{ allOf: [node] }, { type: 'null' }] },
  ],
  [
    'values that are listed beside that are all there are',
    { allOf: [node], enum: ['a'], nullable: true },
    { allOf: [node], enum: ['a'] },
  ],
  ['anything may be null anyway', { nullable: true }, {}],
  ['draft 7: a tuple', { items: [word] }, { prefixItems: [word] }],
  [
    'a tuple and what follows it',
    { items: [word], additionalItems: false },
    { prefixItems: [word], items: false },
  ],
  ['an empty tuple', { items: [], additionalItems: word }, { items: word }],
  [
    'a list has no items beside "items"',
    { items: word, additionalItems: false },
    { items: word, additionalItems: false },
  ],
  ['draft 4: open below', { minimum: 1, exclusiveMinimum: true }, { exclusiveMinimum: 1 }],
  ['closed above', { maximum: 1, exclusiveMaximum: false }, { maximum: 1 }],
  ['open, and no bound', { exclusiveMaximum: true }, {}],
])('%s', (_, said, meant) => {
  expect(modern(said as { [keyword: string]: unknown })).toEqual(meant)
})

test('older words are read wherever a schema stands: merged, referred to, in lists', () => {
  const nodes = (schema: object) => compileStructure(schemaStructure(schema))
  const say = (number: object, tuple: object, maybe: object) => ({
    $defs: { number, tuple },
    type: 'object',
    properties: {
      a: { allOf: [{ $ref: '#/$defs/number' }, { maximum: 9 }] },
      b: { $ref: '#/$defs/tuple' },
      c: maybe,
    },
    required: ['a', 'b', 'c'],
    anyOf: [{ properties: { c: maybe } }, { properties: { c: { const: 'x' } } }],
  })
  expect(
    nodes(
      say(
        { type: 'integer', minimum: 1, exclusiveMinimum: true },
        { type: 'array', items: [word], additionalItems: false },
        { ...word, nullable: true },
      ),
    ),
  ).toEqual(
    nodes(
      say(
        { type: 'integer', exclusiveMinimum: 1 },
        { type: 'array', prefixItems: [word], items: false },
        { type: ['string', 'null'] },
      ),
    ),
  )
})

describe('a refusal names what its client wrote', () => {
  const bad = { type: 'string', pattern: '(?<=a)b' }
  const where = (schema: object): string | undefined => {
    try {
      compileStructure(schemaStructure(schema))
    } catch (error) {
      return (error as { param?: string }).param
    }
    return undefined
  }

  test.each<[string, object, string]>([
    ['a tuple of draft 7', { items: [word, bad] }, 'schema.items[1].pattern'],
    ['what follows it', { items: [word], additionalItems: bad }, 'schema.additionalItems.pattern'],
    [
      'a tuple within one',
      { items: [{ items: [word, { items: [bad] }] }] },
      'schema.items[0].items[1].items[0].pattern',
    ],
    ['a tuple of 2020-12', { prefixItems: [bad] }, 'schema.prefixItems[0].pattern'],
    ['its rest', { prefixItems: [word], items: bad }, 'schema.items.pattern'],
    ['a list', { items: bad }, 'schema.items.pattern'],
    ['a tuple that is too short', { items: [word], additionalItems: false, minItems: 2 }, 'schema.minItems'],
    ['one choice, or null', { anyOf: [word, bad], nullable: true }, 'schema.anyOf[1].pattern'],
    ['a base, or null', { allOf: [bad], nullable: true }, 'schema.allOf[0].pattern'],
    ['null beside a type', { ...bad, nullable: true }, 'schema.pattern'],
    [
      'a tuple that is referred to',
      {
        $defs: { pair: { items: [word, bad] } },
        properties: { a: { $ref: '#/$defs/pair' } },
        required: ['a'],
      },
      'schema["#/$defs/pair"].items[1].pattern',
    ],
    [
      'a property of the name of a keyword, and one that looks like a reference',
      {
        properties: { items: { properties: { '#/a': { items: [bad] } }, required: ['#/a'] } },
        required: ['items'],
      },
      'schema.properties.items.properties["#/a"].items[0].pattern',
    ],
  ])('%s', (_, schema, param) => {
    expect(where(schema)).toBe(param)
  })
})
