import { expect, test } from 'vitest'
import { compileSchema } from '../../../../../../inference-host/decoding/structure/schema/compile.ts'

const places = (count: number) => Array.from({ length: count }, (_, place) => place)

/** Choices in choices, of which only the last of all is valid for another one's, too. */
function choices(depth: number, own: number, last = true): object {
  if (depth === 0) return { const: last ? 'same' : own }
  return { anyOf: places(3).map((place) => choices(depth - 1, own, last && place === 2)) }
}

/** Schemas that each ask the next one twice. */
function doubled(steps: number): object {
  const $defs = Object.fromEntries(
    places(steps).map((step) => [
      `a${step}`,
      { anyOf: [{ $ref: `#/$defs/a${step + 1}` }, { $ref: `#/$defs/a${step + 1}` }] },
    ]),
  )
  return { ...$defs, [`a${steps}`]: { const: 'z' } }
}

test.each<[string, object]>([
  ['alternatives that are told apart late', { oneOf: places(48).map((own) => choices(3, own)) }],
  [
    'names that no choice takes',
    {
      $defs: doubled(40),
      type: 'object',
      properties: { a: {} },
      propertyNames: { $ref: '#/$defs/a0' },
    },
  ],
  ['values that no choice takes', { $defs: doubled(40), enum: [1, 2], allOf: [{ $ref: '#/$defs/a0' }] }],
  ['a "not" of the same', { $defs: doubled(40), type: 'string', not: { $ref: '#/$defs/a0' } }],
])('schemas that lead to more than can be compared are refused by count, not by time: %s', (_, schema) => {
  const refusal = (() => {
    try {
      compileSchema(schema, ['schema'])
    } catch (error) {
      return error
    }
  })()
  expect(refusal).toMatchObject({ code: 'invalid_request', param: expect.stringMatching(/^schema/) })
})

test('what tells many alternatives apart does not come near it', () => {
  const oneOf = places(64).map((kind) => ({
    type: 'object',
    properties: {
      ...Object.fromEntries(places(8).map((place) => [`p${place}`, { type: 'string' }])),
      kind: { const: `kind ${kind}` },
    },
    required: ['kind'],
    additionalProperties: false,
  }))
  const $defs = { one: { oneOf } }
  const properties = Object.fromEntries(places(5).map((name) => [`n${name}`, { $ref: '#/$defs/one' }]))
  expect(compileSchema({ type: 'object', $defs, properties }, ['schema']).rules.size).toBeGreaterThan(1)
  const values = places(500).map((id) => ({ id, of: { id, names: ['a', 'b'] } }))
  const item = { type: 'object', properties: { id: { type: 'integer' }, of: { type: 'object' } } }
  expect(compileSchema({ enum: values, ...item }, ['schema']).rules.size).toBeGreaterThan(0)
})
