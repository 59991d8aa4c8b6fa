import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Structured } from '../../../../../../inference-host/decoding/structure/matcher.ts'
import { seededRandom } from '../../../../../../inference-host/decoding/writing/random.ts'
import { TwohopError } from '../../../../../../shared/errors.ts'
import { embeddedModel } from '../../../../../fixtures/models.ts'
import { anySchema, SMALL_VALUES } from '../../../../../fixtures/structure/any-schema.ts'
import {
  accepts,
  bind,
  generate,
  hasty,
  opening,
  schemaStructure,
  uniform,
  validator,
  vocabularyOf,
  written,
} from '../../../../../fixtures/structure/drive.ts'

const vocabulary = vocabularyOf(embeddedModel('twohop-chat').folder)

/** The grammar of a schema, or its refusal. */
function bound(schema: unknown): Structured | TwohopError {
  try {
    return bind(schemaStructure(schema), vocabulary)
  } catch (error) {
    if (error instanceof TwohopError) return error
    throw error
  }
}

const canWrite = (structured: Structured, value: unknown) => accepts(structured, written(value), vocabulary)

/** Answers of several kinds of models. */
function answersTo(structured: Structured, seed: number): string[] {
  const random = seededRandom(seed)
  const most = structured.fewestTokens + 20
  return [uniform, hasty, opening].map((model) =>
    generate(structured.start(most), vocabulary, model(random, vocabulary), most),
  )
}

const number = (minimum: number) => ({ type: 'number', minimum })
const list = { type: 'array' }

describe('what every schema of an array says of a place holds there', () => {
  test.each<[string, object, unknown[], unknown[]]>([
    [
      'a rest, and a prefix in another',
      { ...list, items: number(5), allOf: [{ prefixItems: [number(3)] }] },
      [[5], [6, 5]],
      [[3], [4, 5], [5, 4]],
    ],
    [
      'the other way round',
      { ...list, prefixItems: [number(3)], allOf: [{ items: number(5) }] },
      [[5], [5, 5]],
      [[3], [3, 5]],
    ],
    [
      'two prefixes of one length',
      { ...list, prefixItems: [number(3)], allOf: [{ prefixItems: [{ multipleOf: 2 }] }] },
      [[4]],
      [[3], [2]],
    ],
    [
      'a longer prefix, and a rest after the shorter',
      {
        ...list,
        prefixItems: [{ type: 'string' }],
        items: number(5),
        allOf: [{ prefixItems: [true, number(3)] }],
      },
      [['a', 5]],
      [
        ['a', 3],
        [5, 5],
      ],
    ],
    [
      'a rest that is nothing',
      {
        ...list,
        minItems: 1,
        prefixItems: [{ const: 1 }],
        items: false,
        allOf: [{ prefixItems: [true, { const: 2 }] }],
      },
      [[1]],
      [[1, 2]],
    ],
    [
      'a rest in each',
      { ...list, minItems: 1, items: number(5), allOf: [{ items: { multipleOf: 2 } }] },
      [[6]],
      [[5], [4]],
    ],
    [
      'a rest beside a prefix in a reference',
      {
        ...list,
        items: number(5),
        $ref: '#/$defs/pair',
        $defs: { pair: { prefixItems: [number(3), number(7)] } },
      },
      [[5, 7]],
      [
        [3, 7],
        [5, 5],
      ],
    ],
    [
      'a prefix in a choice',
      {
        ...list,
        items: { type: 'integer' },
        anyOf: [{ prefixItems: [number(3)] }, { prefixItems: [number(9)] }],
      },
      [[3], [9]],
      [[3.5], [2]],
    ],
    [
      'tuples of draft 7',
      { ...list, items: [number(3)], additionalItems: number(9), allOf: [{ items: number(5) }] },
      [[5], [5, 9]],
      [[3], [5, 5]],
    ],
    [
      'arrays of a property',
      {
        type: 'object',
        required: ['a'],
        properties: { a: { ...list, items: number(5) } },
        allOf: [{ properties: { a: { prefixItems: [number(3)] } } }],
      },
      [{ a: [5] }],
      [{ a: [3] }],
    ],
    [
      'three of them',
      {
        allOf: [
          { ...list, prefixItems: [number(1)] },
          { items: number(2), ...list },
          { ...list, prefixItems: [true, number(4)] },
        ],
      },
      [[2, 4]],
      [
        [1, 4],
        [2, 3],
      ],
    ],
  ])('%s', (_, schema, can, cannot) => {
    const structured = bind(schemaStructure(schema), vocabulary)
    for (const value of can) expect([value, canWrite(structured, value)]).toEqual([value, true])
    for (const value of cannot) expect([value, canWrite(structured, value)]).toEqual([value, false])
    // A validator of draft 2020-12 takes no lists in "items".
    if ('additionalItems' in schema) return
    const validate = validator().compile(schema)
    for (const answer of answersTo(structured, 1))
      expect([answer, validate(JSON.parse(answer))]).toEqual([answer, true])
  })
})

describe('of the schemas of a "oneOf" just one is valid', () => {
  const named = {
    type: 'object',
    properties: { name: { type: 'string' }, flag: {} },
    required: ['name'],
    additionalProperties: false,
  }
  const pins = (flag: unknown) => ({ properties: { flag: { const: flag } } })
  const $defs = { on: pins(true), off: pins(false) }
  const object = (names: string[], more: object = {}) => ({
    type: 'object',
    properties: Object.fromEntries(names.map((name) => [name, {}])),
    ...more,
  })
  test.each<[string, object]>([
    [
      'references that pin an optional property',
      { ...named, $defs, oneOf: [{ $ref: '#/$defs/on' }, { $ref: '#/$defs/off' }] },
    ],
    ['the same right there', { ...named, oneOf: [pins(true), pins(false)] }],
    ['the same in "allOf"', { oneOf: [{ allOf: [named, pins(true)] }, { allOf: [named, pins(false)] }] }],
    [
      'what one asks for is declared in a neighbour',
      { oneOf: [{ allOf: [object(['a']), object(['b'])] }, object(['b'], { required: ['b'] })] },
    ],
    [
      'what one asks for is declared beside the choice',
      { ...object(['a', 'b']), oneOf: [object(['a']), { required: ['b'] }] },
    ],
    [
      'what one asks for is in a choice of the other',
      {
        oneOf: [
          { ...object(['a']), anyOf: [object(['b']), object(['c'])] },
          object(['b'], { required: ['b'] }),
        ],
      },
    ],
    [
      'what one asks for is what the other is not without',
      {
        oneOf: [
          object(['a'], { not: { properties: { b: { const: 1 } } } }),
          object(['b'], { required: ['b'] }),
        ],
      },
    ],
    [
      'what one asks for is in a listed value of the other',
      { oneOf: [{ ...object(['a']), const: { a: 1, b: 2 } }, object(['b'], { required: ['b'] })] },
    ],
    [
      'a pattern lets in what is not declared',
      {
        oneOf: [
          object(['x1'], { required: ['x1'] }),
          { type: 'object', patternProperties: { '^x': {} }, additionalProperties: false },
        ],
      },
    ],
    [
      'bounds that exclude one another say nothing of other types',
      { maxLength: 3, oneOf: [{ minLength: 5 }, { type: 'integer' }] },
    ],
    ['bounds of lists beside numbers', { maxItems: 1, oneOf: [{ minItems: 2 }, { type: 'number' }] }],
    [
      'bounds of objects beside strings',
      { maxProperties: 1, oneOf: [{ minProperties: 2 }, { type: 'string' }] },
    ],
    ['bounds of numbers beside strings', { maximum: 1, oneOf: [{ minimum: 2 }, { type: 'string' }] }],
    ['zero, written in two ways', { oneOf: [{ const: 0 }, { const: JSON.parse('-0') }] }],
  ])('also with %s', (_, schema) => {
    const structured = bound(schema)
    if (structured instanceof TwohopError) return void expect(structured.code).toBe('invalid_request')
    const validate = validator().compile(schema)
    const values = SMALL_VALUES.filter((value) => canWrite(structured, value))
    for (const value of [...values, ...answersTo(structured, 3).map((answer) => JSON.parse(answer))])
      expect([value, validate(value)]).toEqual([value, true])
  })

  test.each<[string, object, unknown]>([
    [
      'references that pin a required property',
      {
        ...named,
        required: ['name', 'flag'],
        $defs,
        oneOf: [{ $ref: '#/$defs/on' }, { $ref: '#/$defs/off' }],
      },
      { name: 'a', flag: false },
    ],
    [
      'objects, each of which asks for what the other does not declare',
      { oneOf: [object(['a'], { required: ['a'] }), object(['b'], { required: ['b'] })] },
      { b: 1 },
    ],
    [
      'an optional property that tells them apart: it is written then',
      { ...named, oneOf: [pins(true), pins(false)] },
      { name: 'a', flag: false },
    ],
    [
      'one that is part of the other: what only the other takes',
      { oneOf: [object(['a', 'b']), object(['a'], { required: ['a'] })] },
      { b: 1 },
    ],
    [
      'what is apart only as it is written, beside one that overlaps',
      {
        oneOf: [
          object(['a'], { required: ['a'] }),
          object(['b'], { required: ['b'] }),
          { type: 'object', properties: { a: { const: 1 }, b: { const: 2 } } },
        ],
      },
      { a: 'x' },
    ],
    [
      'a base in each, and a property that tells them apart',
      {
        $defs,
        oneOf: [
          { ...named, required: ['flag'], $ref: '#/$defs/on' },
          { ...named, $ref: '#/$defs/off' },
        ],
      },
      { flag: false, name: 'a' },
    ],
  ])('and those that cannot are written: %s', (_, schema, value) => {
    const structured = bind(schemaStructure(schema), vocabulary)
    expect(canWrite(structured, value)).toBe(true)
    const validate = validator().compile(schema)
    for (const answer of answersTo(structured, 2))
      expect([answer, validate(JSON.parse(answer))]).toEqual([answer, true])
  })
})

describe('formats of numbers are enforced', () => {
  const [low, high] = [-2_147_483_648, 2_147_483_647]
  test.each<[string, object, unknown[], unknown[]]>([
    ['int32', { type: 'integer', format: 'int32' }, [low, high, 0], [low - 1, high + 1, 99_999_999_999]],
    ['int32 of numbers', { type: 'number', format: 'int32' }, [1, high], [0.5, high + 1]],
    ['int8', { type: 'integer', format: 'int8' }, [-128, 127], [-129, 128]],
    ['int16', { type: 'integer', format: 'int16' }, [-32_768], [32_768]],
    ['uint8', { type: 'integer', format: 'uint8' }, [0, 255], [-1, 256]],
    ['uint32', { type: 'integer', format: 'uint32' }, [4_294_967_295], [4_294_967_296, -1]],
    ['int64', { type: 'number', format: 'int64' }, [999_999_999_999_999], [0.5]],
    ['a bound beside it', { type: 'integer', format: 'int8', minimum: 100 }, [127], [128, 99]],
    ['a multiple beside it', { type: 'number', format: 'uint8', multipleOf: 100 }, [200], [300, 150, -100]],
    ['two of them', { allOf: [{ type: 'integer', format: 'int8' }, { format: 'uint8' }] }, [127], [-1, 128]],
    ['in a list of values', { enum: [1, 1.5, 300], type: 'number', format: 'uint8' }, [1], [1.5, 300]],
    ['without a type', { format: 'int8' }, [1, -128], [1.5, 128]],
    ['what is not of one', { type: 'number', not: { format: 'int8' } }, [128, 0.5, -129], [0, 127]],
    [
      'what is in a property',
      { type: 'object', required: ['a'], properties: { a: { type: 'integer', format: 'int32' } } },
      [{ a: 1 }],
      [{ a: high + 1 }],
    ],
  ])('%s', (_, schema, can, cannot) => {
    const structured = bind(schemaStructure(schema), vocabulary)
    for (const value of can) expect([value, canWrite(structured, value)]).toEqual([value, true])
    for (const value of cannot) expect([value, canWrite(structured, value)]).toEqual([value, false])
    const validate = validator().compile(schema)
    for (const answer of answersTo(structured, 3))
      expect([answer, validate(JSON.parse(answer))]).toEqual([answer, true])
  })

  test('nothing is not of a format that nobody knows', () => {
    expect(bound({ type: 'string', not: { format: 'nobody-knows' } })).toMatchObject({
      code: 'invalid_request',
    })
    expect(bound({ type: 'integer', not: { format: 'float' } })).toMatchObject({ code: 'invalid_request' })
  })
})

describe('several choices that hold at once are each taken', () => {
  const string = { type: 'string' }
  const integer = { type: 'integer' }
  const nothing = { type: 'null' }
  test.each<[string, object, unknown[], unknown[]]>([
    [
      'two of "anyOf"',
      { allOf: [{ anyOf: [string, integer] }, { anyOf: [integer, nothing] }] },
      [1],
      ['a', null],
    ],
    [
      'one right there',
      { anyOf: [string, integer], allOf: [{ anyOf: [integer, nothing] }] },
      [1],
      ['a', null],
    ],
    [
      'three',
      { allOf: [{ anyOf: [string, integer] }, { anyOf: [integer, string] }, { anyOf: [string, nothing] }] },
      ['a'],
      [1, null],
    ],
    [
      'two of "oneOf"',
      { allOf: [{ oneOf: [string, integer] }, { oneOf: [integer, nothing] }] },
      [1],
      ['a', null],
    ],
    ['one of each', { anyOf: [string, integer], oneOf: [integer, nothing] }, [1], ['a', null]],
    [
      'in references',
      {
        $defs: { a: { anyOf: [string, integer] }, b: { anyOf: [integer, nothing] } },
        allOf: [{ $ref: '#/$defs/a' }, { $ref: '#/$defs/b' }],
      },
      [1],
      ['a', null],
    ],
    [
      'in a property',
      {
        type: 'object',
        required: ['a'],
        properties: { a: { anyOf: [string, integer] } },
        allOf: [{ properties: { a: { anyOf: [integer, nothing] } } }],
      },
      [{ a: 1 }],
      [{ a: 'a' }, { a: null }],
    ],
    [
      'in items',
      {
        type: 'array',
        minItems: 1,
        items: { anyOf: [string, integer] },
        allOf: [{ items: { anyOf: [integer, nothing] } }],
      },
      [[1]],
      [['a'], [null]],
    ],
    [
      'of listed values',
      { enum: [1, 'a', null], allOf: [{ anyOf: [string, integer] }, { anyOf: [integer, nothing] }] },
      [1],
      ['a', null],
    ],
    [
      'of names',
      {
        type: 'object',
        additionalProperties: { const: 1 },
        propertyNames: {
          allOf: [{ anyOf: [{ const: 'a' }, { const: 'b' }] }, { anyOf: [{ const: 'b' }, { const: 'c' }] }],
        },
      },
      [{ b: 1 }, {}],
      [{ a: 1 }, { c: 1 }],
    ],
  ])('%s', (_, schema, can, cannot) => {
    const structured = bind(schemaStructure(schema), vocabulary)
    for (const value of can) expect([value, canWrite(structured, value)]).toEqual([value, true])
    for (const value of cannot) expect([value, canWrite(structured, value)]).toEqual([value, false])
  })

  test('very many are refused, and do not take long', () => {
    const many = {
      type: 'object',
      properties: Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`p${n}`, { type: 'integer' }])),
      allOf: Array.from({ length: 20 }, (_, n) => ({
        anyOf: [{ required: [`p${n}`] }, { required: [`p${n + 20}`] }],
      })),
    }
    expect(bound(many)).toMatchObject({ code: 'invalid_request' })
  })
})

test('a reference within a schema that has an "$id" of its own is refused: it begins there', () => {
  const inner = { $id: 'inner', $defs: { a: { const: 1 } }, $ref: '#/$defs/a' }
  const schema = {
    $id: 'https://example.com/all',
    $defs: { a: { const: 2 } },
    type: 'object',
    properties: { inner },
  }
  expect(bound(schema)).toBeInstanceOf(Object)
  expect(bound({ ...schema, required: ['inner'] })).toMatchObject({ param: 'schema.properties.inner.$ref' })
})

test('whatever can be written for schemas of any keywords is valid', () => {
  let answered = 0
  const property = fc.property(anySchema(), fc.integer(), (schema, seed) => {
    const structured = bound(schema)
    if (structured instanceof TwohopError) {
      expect(structured.code).toBe('invalid_request')
      return
    }
    answered++
    const validate = validator().compile(schema)
    const values = SMALL_VALUES.filter((value) => canWrite(structured, value))
    for (const value of [...values, ...answersTo(structured, seed).map((answer) => JSON.parse(answer))])
      expect([value, validate(value)]).toEqual([value, true])
  })
  fc.assert(property, { numRuns: 200, seed: 20_261_130 })
  expect(answered).toBeGreaterThan(80)
})
