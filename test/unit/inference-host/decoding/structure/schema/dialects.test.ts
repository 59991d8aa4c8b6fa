import { expect, test } from 'vitest'
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
