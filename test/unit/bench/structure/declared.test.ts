import { expect, test } from 'vitest'
import { declaredWhereTheyStand } from '../../../../bench/structure/declared.ts'

const a = { properties: { a: {} } }
const kept: [name: string, schema: object, value: unknown, left: unknown][] = [
  ['declared, and not', a, { a: 1, b: 2 }, { a: 1 }],
  [
    'declared at another place',
    { properties: { x: a, b: {} } },
    { x: { a: 1, b: 2 }, b: 3 },
    { x: { a: 1 }, b: 3 },
  ],
  ['asked for', { ...a, required: ['b'] }, { a: 1, b: { c: 1 } }, { a: 1, b: { c: 1 } }],
  ['of a pattern', { patternProperties: { '^x': a } }, { x1: { a: 1, b: 2 }, y: 1 }, { x1: { a: 1 } }],
  [
    'of a pattern that cannot be read',
    { ...a, patternProperties: { '(': {} } },
    { a: 1, b: 2 },
    { a: 1, b: 2 },
  ],
  ['of a schema of all others', { ...a, additionalProperties: a }, { b: { a: 1, c: 1 } }, { b: { a: 1 } }],
  [
    'of its own schema, not of that of all others',
    { properties: { a }, additionalProperties: { properties: { b: {} } } },
    { a: { a: 1, b: 2 } },
    { a: { a: 1 } },
  ],
  ['allowed and not described', { ...a, additionalProperties: true }, { a: 1, b: 2 }, { a: 1 }],
  ['of an object of which nothing is said', { properties: {} }, { b: { c: 1 } }, { b: { c: 1 } }],
  ['of an option', { anyOf: [a, { properties: { b: {} } }] }, { a: 1, b: 2, c: 3 }, { a: 1, b: 2 }],
  [
    'of a condition',
    { ...a, if: false, else: { properties: { b: {} } } },
    { a: 1, b: 2, c: 3 },
    { a: 1, b: 2 },
  ],
  ['of a reference', { $ref: '#/$defs/~1', $defs: { '/': a } }, { a: 1, b: 2 }, { a: 1 }],
  [
    'of a reference to itself',
    { properties: { a: { $ref: '#' } } },
    { a: { a: {}, b: 1 } },
    { a: { a: {} } },
  ],
  ['of items', { items: a }, [{ a: 1, b: 2 }], [{ a: 1 }]],
  [
    'of a tuple',
    { prefixItems: [a], items: { required: ['b'] } },
    [
      { a: 1, b: 2 },
      { a: 1, b: 2 },
    ],
    [{ a: 1 }, { b: 2 }],
  ],
]

test.each(kept)('a property is left out where no schema declares it: %s', (_, schema, value, left) => {
  expect(declaredWhereTheyStand(value, schema)).toEqual(left)
})
