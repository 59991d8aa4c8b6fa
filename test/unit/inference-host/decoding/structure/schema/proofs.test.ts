import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  neverBoth,
  notAsWritten,
} from '../../../../../../inference-host/decoding/structure/schema/excludes.ts'
import { implies } from '../../../../../../inference-host/decoding/structure/schema/implies.ts'
import type { Schema } from '../../../../../../inference-host/decoding/structure/schema/schema.ts'

const same = (schema: Schema) => schema
const proves = (given: Schema, wanted: Schema) => implies(given, wanted, same)
const apart = (one: Schema, two: Schema) => neverBoth(one, two, same)

/** Values that tell small schemas apart: of each type, at each bound, with each property. */
const VALUES: readonly unknown[] = [
  ...[null, true, false, 0, 1, 2, 3, 4, 6, 1.5, 2.5, -1],
  ...['', 'a', 'b', 'ab', 'abc', 'abcd', '2020-01-01'],
  ...[[], [1], ['a'], [1, 2], [1, 2, 3], [1, 2, 3, 4], [null]],
  ...[{}, { a: 1 }, { a: 2 }, { a: 'a' }, { a: null }, { b: 1 }, { b: 'b' }, { c: 1 }],
  ...[
    { a: 1, b: 1 },
    { a: 'a', b: 1 },
    { a: 1, c: 1 },
    { a: 1, b: 2, c: 3 },
    { b: 1, c: 'a' },
  ],
]

const number = fc.constantFrom(1, 2, 3)
const type = fc.constantFrom('null', 'boolean', 'integer', 'number', 'string', 'array', 'object')
const anyValue = fc.constantFrom<unknown>(null, true, 0, 1, 2, 1.5, 'a', 'ab', { a: 1 }, [1])
const names = fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { maxLength: 2 })

const entry = (name: string, of: fc.Arbitrary<unknown>) => of.map((one): [string, unknown] => [name, one])

/** Small schemas of the keywords that proofs know, and of some that they do not. */
const { schema: anySchema } = fc.letrec<{ schema: Schema; keywords: Schema }>((tie) => ({
  schema: fc.oneof(
    { maxDepth: 2, depthSize: 'small' },
    { weight: 1, arbitrary: fc.boolean() },
    { weight: 12, arbitrary: tie('keywords') },
  ),
  // One to three keywords: of more, hardly two would meet.
  keywords: fc
    .uniqueArray(
      fc.oneof(
        {
          weight: 4,
          arbitrary: entry('type', fc.oneof(type, fc.uniqueArray(type, { minLength: 1, maxLength: 2 }))),
        },
        entry('const', anyValue),
        entry('enum', fc.uniqueArray(anyValue, { minLength: 1, maxLength: 3 })),
        ...['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'].map((of) =>
          entry(of, number),
        ),
        ...['minLength', 'maxLength', 'minItems', 'maxItems', 'minProperties', 'maxProperties'].map((of) =>
          entry(of, number),
        ),
        entry('pattern', fc.constantFrom('^a', 'b$', '^[ab]+$')),
        { weight: 2, arbitrary: entry('required', names) },
        {
          weight: 2,
          arbitrary: entry(
            'properties',
            fc.dictionary(fc.constantFrom('a', 'b'), tie('schema'), { maxKeys: 2 }),
          ),
        },
        { weight: 2, arbitrary: entry('additionalProperties', fc.oneof(fc.boolean(), tie('schema'))) },
        entry('patternProperties', fc.dictionary(fc.constantFrom('^a', '^b'), tie('schema'), { maxKeys: 1 })),
        entry('items', tie('schema')),
        entry('not', tie('schema')),
        ...['allOf', 'anyOf', 'oneOf'].map((of) =>
          entry(of, fc.array(tie('schema'), { minLength: 1, maxLength: 2 })),
        ),
        entry('title', fc.constant('x')),
      ),
      { minLength: 1, maxLength: 3, selector: ([name]) => name },
    )
    .map((entries): Schema => Object.fromEntries(entries)),
}))

const ajv = new Ajv2020({ strict: false, validateSchema: false, logger: false })
const compiled = new Map<string, ValidateFunction>()
function isValid(schema: Schema, value: unknown): boolean {
  const text = JSON.stringify(schema)
  const check = compiled.get(text) ?? ajv.compile(schema)
  compiled.set(text, check)
  return check(value) === true
}

const RUNS = 1000

/** Pairs that have something to do with each other: the second is the first with something changed. */
const pairs = fc.oneof(
  fc.tuple(anySchema, anySchema),
  fc.tuple(anySchema, anySchema).map(([a, b]): [Schema, Schema] => [merged(a, b), b]),
  fc.tuple(anySchema, anySchema).map(([a, b]): [Schema, Schema] => [a, { allOf: [a, b] }]),
  fc.tuple(anySchema, anySchema).map(([a, b]): [Schema, Schema] => [{ anyOf: [a, b] }, { anyOf: [b, a] }]),
  fc.tuple(anySchema, anySchema).map(([a, b]): [Schema, Schema] => [merged(a, b), { not: b }]),
)
const merged = (a: Schema, b: Schema): Schema =>
  typeof a === 'boolean' || typeof b === 'boolean' ? a : { ...a, ...b }

describe('a proof', () => {
  it('that a schema implies another holds for all values', () => {
    let proved = 0
    fc.assert(
      fc.property(pairs, ([given, wanted]) => {
        if (!proves(given, wanted)) return
        proved++
        for (const one of VALUES)
          if (isValid(given, one) && !isValid(wanted, one))
            throw new Error(`${JSON.stringify(one)} is valid for the first alone`)
      }),
      { numRuns: RUNS },
    )
    expect(proved).toBeGreaterThan(RUNS / 20)
  })

  it('that two schemas exclude each other holds for all values', () => {
    let proved = 0
    fc.assert(
      fc.property(pairs, ([one, two]) => {
        expect(apart(one, two)).toBe(apart(two, one))
        if (!apart(one, two)) return
        proved++
        for (const value of VALUES)
          if (isValid(one, value) && isValid(two, value))
            throw new Error(`${JSON.stringify(value)} is valid for both`)
      }),
      { numRuns: RUNS },
    )
    expect(proved).toBeGreaterThan(RUNS / 20)
  })
})

const integers = (minimum: number, maximum: number) => ({ type: 'integer', minimum, maximum })
const closed = (properties: Record<string, Schema>, required = Object.keys(properties)) => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
})

/** What is proved, so that a proof that is lost is seen, each with a neighbour that is not so. */
const IMPLIED: readonly [name: string, given: Schema, wanted: Schema, neighbour: Schema][] = [
  ['an integer is a number', { type: 'integer' }, { type: 'number' }, { type: 'string' }],
  ['a value is of its type', { const: 'a' }, { type: 'string' }, { type: 'null' }],
  ['a value is one of more', { enum: ['a', 1] }, { enum: [1, 'b', 'a'] }, { enum: ['a', 'b'] }],
  ['a narrower range', integers(2, 3), { minimum: 2, maximum: 3 }, { minimum: 3 }],
  ['open bounds', { type: 'number', exclusiveMinimum: 2 }, { exclusiveMinimum: 1 }, { exclusiveMinimum: 3 }],
  ['lengths', { type: 'string', minLength: 2 }, { minLength: 1 }, { minLength: 3 }],
  ['counts', { type: 'array', maxItems: 2 }, { maxItems: 3 }, { maxItems: 1 }],
  [
    'what is for other types',
    { type: 'string' },
    { minimum: 5, required: ['a'], minItems: 1 },
    { minLength: 1 },
  ],
  ['a required name of several', closed({ a: true, b: true }), { required: ['b'] }, { required: ['b', 'c'] }],
  [
    'a property within',
    closed({ a: integers(2, 3) }),
    { properties: { a: { minimum: 1 } } },
    { properties: { a: { minimum: 3 } } },
  ],
  [
    'a name that cannot be there',
    closed({ a: true }),
    { properties: { b: false } },
    { properties: { a: false } },
  ],
  [
    'one of several',
    integers(2, 3),
    { anyOf: [{ type: 'null' }, { minimum: 1 }] },
    { anyOf: [{ type: 'null' }, { minimum: 3 }] },
  ],
  [
    'all of several',
    integers(2, 3),
    { allOf: [{ minimum: 1 }, { type: 'number' }] },
    { allOf: [{ minimum: 1 }, { type: 'null' }] },
  ],
  [
    'a part of what holds',
    { allOf: [{ minLength: 1 }, { type: 'string' }] },
    { type: 'string' },
    { type: 'number' },
  ],
  ['what is excluded', { type: 'string' }, { not: { type: 'number' } }, { not: { minLength: 1 } }],
  ['the same pattern', { type: 'string', pattern: '^a' }, { pattern: '^a' }, { pattern: '^b' }],
]
const EXCLUDED: readonly [name: string, one: Schema, two: Schema, neighbour: Schema][] = [
  ['types', { type: 'string' }, { type: ['null', 'number'] }, { type: ['null', 'string'] }],
  ['values', { enum: [1, 2] }, { enum: [3, '1'] }, { enum: [2, 3] }],
  ['ranges', { type: 'number', maximum: 2 }, { type: 'number', minimum: 3 }, { type: 'number', minimum: 2 }],
  [
    'ranges that touch',
    { type: 'number', maximum: 2 },
    { type: 'number', exclusiveMinimum: 2 },
    { type: 'number', exclusiveMinimum: 1 },
  ],
  [
    'lengths',
    { type: 'string', maxLength: 2 },
    { type: 'string', minLength: 3 },
    { type: 'string', minLength: 2 },
  ],
  ['counts', { type: 'array', maxItems: 0 }, { type: 'array', minItems: 1 }, { type: 'array', minItems: 0 }],
  ['a tag', closed({ a: { const: 1 } }), closed({ a: { const: 2 } }), closed({ a: { enum: [1, 2] } })],
  [
    'a name that is closed out',
    closed({ a: true, b: true }),
    closed({ a: true }),
    closed({ a: true, b: true, c: true }, ['a']),
  ],
  ['each of several', { anyOf: [{ type: 'null' }, { const: 1 }] }, { type: 'string' }, { type: 'number' }],
  ['a part', { allOf: [{ type: 'string' }, true] }, { type: 'null' }, { type: 'string' }],
  ['what is not', { const: 1 }, { not: { enum: [1, 2] } }, { not: { enum: [2] } }],
  ['whole numbers', { type: 'integer' }, { not: { multipleOf: 1 } }, { not: { multipleOf: 2 } }],
]

describe('what is proved', () => {
  it.each(IMPLIED)('implied: %s', (_, given, wanted, neighbour) => {
    expect([proves(given, wanted), proves(given, neighbour)]).toEqual([true, false])
  })
  it.each(EXCLUDED)('excluded: %s', (_, one, two, neighbour) => {
    expect([apart(one, two), apart(one, neighbour)]).toEqual([true, false])
    expect(notAsWritten(one, two, same)).toBe(true)
  })

  it('is not that a name is closed out which a pattern lets in', () => {
    const named = { type: 'object', required: ['a'] }
    const byPattern = (pattern: string) => ({
      type: 'object',
      additionalProperties: false,
      patternProperties: { [pattern]: true },
    })
    expect(apart(named, byPattern('^a'))).toBe(false)
    expect(apart(named, { type: 'object', additionalProperties: false })).toBe(true)
  })

  it('is not that names are closed out by one that may not be', () => {
    const object = (properties: Record<string, Schema>, required: string[] = []) => ({
      ...{ type: 'object', properties, required },
    })
    // Were `x` of the first closed by what it declares, `y` would do for the other side.
    const one = (a: Schema) => object({ x: object({ a }), y: object({ q: true }, ['q']) }, ['x'])
    const two = object({ x: object({ b: true }, ['b']), y: object({ p: true }) }, ['x', 'y'])
    expect([notAsWritten(one(true), two, same), notAsWritten(one(false), two, same)]).toEqual([true, false])
  })

  it('is never more than is known of what stands too deep', () => {
    const deep = (inner: Schema, levels: number): Schema =>
      levels === 0 ? inner : { type: 'object', required: ['a'], properties: { a: deep(inner, levels - 1) } }
    expect([
      proves(deep({ const: 1 }, 5), deep({ type: 'integer' }, 5)),
      proves(deep({ const: 1 }, 9), deep({ type: 'integer' }, 9)),
    ]).toEqual([true, false])
    expect([
      apart(deep({ const: 1 }, 5), deep({ const: 2 }, 5)),
      apart(deep({ const: 1 }, 9), deep({ const: 2 }, 9)),
    ]).toEqual([true, false])
  })
})
