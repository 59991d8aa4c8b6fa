import { describe, expect, test } from 'vitest'
import { compileStructure } from '../../../../../inference-host/decoding/structure/compile.ts'
import { TwohopError } from '../../../../../shared/errors.ts'
import { schemaStructure } from '../../../../fixtures/structure/drive.ts'

function refusal(schema: unknown): TwohopError {
  try {
    compileStructure(schemaStructure(schema))
  } catch (error) {
    if (error instanceof TwohopError) return error
    throw error
  }
  throw new Error('it was not refused')
}

const list = (items: object) => ({ type: 'array', items })

describe('a keyword that is not enforced is refused by name, at its path', () => {
  test.each(['$dynamicRef', '$recursiveRef', 'divisibleBy', 'disallow', 'extends'])('%s', (keyword) => {
    const error = refusal({ type: 'object', properties: { a: { type: 'array', items: { [keyword]: {} } } } })
    expect(error.code).toBe('invalid_request')
    expect(error.param).toBe(`schema.properties.a.items.${keyword}`)
    expect(error.message).toContain(`"${keyword}"`)
  })
})

describe('a value of a keyword that is not enforced is refused, at its path', () => {
  test.each([
    ['uniqueItems', { type: 'array', items: { type: 'integer' }, uniqueItems: true }, 'schema.uniqueItems'],
    ['multipleOf', { type: 'integer', multipleOf: 0 }, 'schema.multipleOf'],
    ['multipleOf', { type: 'number', multipleOf: 1e-12 }, 'schema.multipleOf'],
    ['multipleOf', { type: 'integer', minimum: 8, maximum: 13, multipleOf: 7 }, 'schema.multipleOf'],
    ['format', { type: 'string', format: 'date', not: { format: 'date' } }, 'schema.format'],
    ['pattern', { pattern: '(a)\\1' }, 'schema.pattern'],
    ['pattern', { pattern: '(?<=a)b' }, 'schema.pattern'],
    ['pattern', { pattern: '(?i)a' }, 'schema.pattern'],
    ['pattern', { pattern: '\\p{Nothing}' }, 'schema.pattern'],
    ['pattern', { pattern: '(?:a|(?=b))*' }, 'schema.pattern'],
    ['pattern', { pattern: '^(?=b)a' }, 'schema.pattern'],
    ['pattern', { format: 'date', pattern: '^abc' }, 'schema.pattern'],
    ['pattern', { allOf: [{ pattern: '^[0-4]$' }, { pattern: '[5-9]' }] }, 'schema.pattern'],
    [
      'pattern',
      { allOf: [{ pattern: '(a|b)*a(a|b){14}' }, { pattern: 'x(c|d)*c(c|d){14}' }] },
      'schema.pattern',
    ],
    ['patternProperties', { patternProperties: { '(a)\\1': true } }, 'schema.patternProperties'],
    ['contains', { contains: { const: 1 }, minContains: 600 }, 'schema.contains'],
    ['contains', { contains: 1 }, 'schema.contains'],
    ['maxContains', { contains: true, maxContains: -1 }, 'schema.maxContains'],
    ['maxContains', { contains: true, minContains: 2, maxContains: 1 }, 'schema.maxContains'],
    ['uniqueItems', { contains: true, uniqueItems: true }, 'schema.uniqueItems'],
    [
      'unevaluatedProperties',
      {
        allOf: Array.from({ length: 7 }, (_, n) => ({
          anyOf: [{ required: [`a${n}`] }, { required: [`b${n}`] }],
        })),
        unevaluatedProperties: false,
      },
      'schema.unevaluatedProperties',
    ],
    ['pattern', { pattern: 'a{3,2}' }, 'schema.pattern'],
    ['minLength', { type: 'string', pattern: '^a{2}$', minLength: 3 }, 'schema.minLength'],
    ['maxLength', { type: 'string', minLength: 3, maxLength: 2 }, 'schema.maxLength'],
    ['minProperties', { type: 'object', minProperties: 2 }, 'schema.minProperties'],
    ['maxProperties', { required: ['a', 'b'], maxProperties: 1 }, 'schema.maxProperties'],
    ['$ref', { $ref: 'https://example.com/schema.json' }, 'schema.$ref'],
    ['$ref', { $ref: '#/$defs/none' }, 'schema.$ref'],
    ['$ref', { $ref: '#name' }, 'schema.$ref'],
    [
      'oneOf',
      { oneOf: [{ propertyNames: { maxLength: 3 } }, { propertyNames: { minLength: 2 } }] },
      'schema.oneOf',
    ],
    ['items', { type: 'array', items: [{ type: 'string' }], prefixItems: [{}] }, 'schema.items'],
    ['minItems', { type: 'array', items: false, minItems: 1 }, 'schema.minItems'],
    ['properties', { properties: JSON.parse('{"__proto__": {}}') }, 'schema.properties'],
    ['type', { type: 'float' }, 'schema.type'],
    ['enum', { enum: [] }, 'schema.enum'],
    ['required', { required: 'a' }, 'schema.required'],
    ['minLength', { minLength: -1 }, 'schema.minLength'],
  ])('%s in %j', (keyword, schema, param) => {
    const error = refusal(schema)
    expect(error.code).toBe('invalid_request')
    expect(error.param).toBe(param)
    expect(error.message).toContain(`"${keyword}"`)
  })
})

describe('what nothing is valid for is refused', () => {
  test.each([
    ['false', false],
    ['a required property that is not allowed', { properties: { a: false }, required: ['a'] }],
    ['a required property that is not declared', { additionalProperties: false, required: ['a'] }],
    ['a range without an integer', { type: 'integer', exclusiveMinimum: 1, exclusiveMaximum: 2 }],
    ['a number of more than 15 digits', { type: 'number', minimum: 1e16 }],
    ['a list that a pattern leaves nothing of', { enum: ['a'], pattern: '^b' }],
    ['a list that a format leaves nothing of', { enum: ['today'], format: 'date' }],
    ['everything that is not', { not: {} }],
    ['a type that is not', { type: 'string', not: { type: 'string' } }],
    ['a name that is not allowed', { required: ['ab'], propertyNames: { maxLength: 1 } }],
    ['types that exclude one another', { allOf: [{ type: 'string' }, { type: 'null' }] }],
    ['constants that differ', { allOf: [{ const: 1 }, { const: 2 }] }],
    ['an enum of other types', { type: 'string', enum: [1, null] }],
    ['an object that holds itself', { type: 'object', properties: { a: { $ref: '#' } }, required: ['a'] }],
    ['a reference to itself', { $ref: '#' }],
    ['a combination of itself', { allOf: [{ $ref: '#' }], type: 'object' }],
  ])('%s', (_, schema) => {
    expect(refusal(schema).code).toBe('invalid_request')
  })
})

describe('what would take too long or too much is refused', () => {
  const nested = (depth: number): object => (depth === 0 ? { type: 'string' } : list(nested(depth - 1)))
  const doubled = (depth: number): object =>
    depth === 0 ? { type: 'string' } : { anyOf: [doubled(depth - 1), list(doubled(depth - 1))] }
  const names = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`p${n}`, {}]))
  test.each([
    ['schemas nested 100 deep', nested(100)],
    ['8,000 schemas', doubled(12)],
    ['600 properties', { properties: names(600) }],
    ['1,001 values', { enum: Array.from({ length: 1001 }, (_, n) => n) }],
    ['a pattern of 3,000 characters', { pattern: 'a'.repeat(3000) }],
    ['40 groups in one another', { pattern: `${'('.repeat(40)}a${')'.repeat(40)}` }],
    [
      'unique items of 200 values',
      {
        type: 'array',
        uniqueItems: true,
        minItems: 9,
        items: { enum: Array.from({ length: 200 }, (_, n) => n) },
      },
    ],
  ])('%s', (_, schema) => {
    expect(refusal(schema).code).toBe('invalid_request')
  })

  const fields = (count: number, of: (field: number) => object) => ({
    type: 'object',
    properties: Object.fromEntries(Array.from({ length: count }, (_, field) => [`p${field}`, of(field)])),
  })
  test.each([
    [
      'two hundred patterns of two readings at each character',
      fields(200, (n) => ({ allOf: [{ pattern: `(a|b)*a(a|b){${10 + (n % 7)}}x${n}` }, { pattern: 'c' }] })),
    ],
    [
      'conditions upon conditions',
      { allOf: Array.from({ length: 10 }, (_, n) => ({ pattern: `(?=.*${'abcdefghij'[n]})`.repeat(100) })) },
    ],
    [
      'properties of Unicode, over and over',
      {
        allOf: ['Greek', 'Latin', 'Han', 'Thai', 'Cyrillic'].map((script) => ({
          pattern: Array.from({ length: 60 }, () => `\\p{Script=${script}}|\\P{L}`).join('|'),
        })),
      },
    ],
    [
      'what two hundred patterns do not match',
      { type: 'string', allOf: Array.from({ length: 200 }, (_, n) => ({ not: { pattern: `a.{${n}}b` } })) },
    ],
    ['multiples of a hundred numbers', fields(100, (n) => ({ type: 'number', multipleOf: (n + 101) / 100 }))],
    [
      'sixty addresses of different lengths',
      fields(60, (n) => ({ type: 'string', format: 'email', maxLength: 40 + n, pattern: '^[a-z]' })),
    ],
  ])('%s take a bounded number of steps, or are refused after them', (_, schema) => {
    const began = process.cpuUsage()
    try {
      compileStructure(schemaStructure(schema))
    } catch (error) {
      expect(error).toMatchObject({ code: 'invalid_request' })
    }
    const { user, system } = process.cpuUsage(began)
    // On its own a core takes under a second. Far more would mean that steps are not counted.
    expect((user + system) / 1e6).toBeLessThan(6)
  })

  test('bounds of any size are no work', () => {
    // Of this process's own time: how long it waits for a core says nothing.
    const began = process.cpuUsage()
    compileStructure(schemaStructure({ type: 'string', minLength: 900_000, maxLength: 9_000_000 }))
    compileStructure(schemaStructure({ type: 'string', pattern: '^((a{1,9999}b){1,9999}c){1,9999}$' }))
    const { user, system } = process.cpuUsage(began)
    expect((user + system) / 1000).toBeLessThan(500)
  })
})

test('a format that is not known is an annotation, beside a pattern too', () => {
  const nodes = (schema: object) => compileStructure(schemaStructure(schema))
  const pattern = '^[a-z]{21}$'
  expect(nodes({ type: 'string', format: 'file-path', pattern })).toEqual(nodes({ type: 'string', pattern }))
  expect(nodes({ type: 'string', format: 'password' })).toEqual(nodes({ type: 'string' }))
})

test('annotations, extensions and keywords that nobody knows are let pass', () => {
  const annotated = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: 'https://example.com/a',
    title: 'A',
    'x-order': 3,
    $comment: 'a',
    contentEncoding: 'base64',
    contentMediaType: 'text/plain',
    discriminator: { propertyName: 'a' },
    unit: 'kg',
    else: { type: 'null' },
    minContains: 2,
    type: 'string',
    description: 'b',
    default: 'c',
    examples: ['d'],
    deprecated: true,
  }
  const nodes = (schema: object) => compileStructure(schemaStructure(schema))
  expect(nodes(annotated)).toEqual(nodes({ type: 'string' }))
  const differ = { allOf: [annotated, { type: 'string', unit: 'g', typo: true }] }
  expect(nodes(differ)).toEqual(nodes({ type: 'string' }))
})

describe('what stands where a schema has to be, and is none, is refused at its path', () => {
  test.each<[string, unknown, string]>([
    [
      'in properties that two schemas share',
      { allOf: [{ properties: { a: 5 } }, { properties: { a: { type: 'string' } } }] },
      'schema.properties.a',
    ],
    ['in items that two schemas share', { allOf: [{ items: 5 }, { items: true }] }, 'schema.items'],
    [
      'behind a reference that another one goes on',
      { $defs: { a: 5 }, oneOf: [{ $ref: '#/$defs/a' }, { type: 'string' }] },
      'schema',
    ],
  ])('%s', (_, schema, param) => {
    const error = refusal(schema)
    expect(error.code).toBe('invalid_request')
    expect(error.param).toBe(param)
  })
})
