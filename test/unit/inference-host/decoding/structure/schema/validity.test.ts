import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compileStructure } from '../../../../../../inference-host/decoding/structure/compile.ts'
import { TwohopError } from '../../../../../../shared/errors.ts'
import { embeddedModel } from '../../../../../fixtures/models.ts'
import { accepts, bind, schemaStructure, vocabularyOf } from '../../../../../fixtures/structure/drive.ts'

const vocabulary = vocabularyOf(embeddedModel('twohop-chat').folder)

const ajv = new Ajv2020({ strict: false, logger: false })

const scalar = fc.constantFrom<unknown>(
  null,
  true,
  false,
  0,
  1,
  2,
  5,
  -3,
  0.5,
  1.25,
  '',
  'a',
  'ab',
  'abc',
  '1',
  'ba',
)
const values = fc.oneof(
  scalar,
  fc.array(scalar, { maxLength: 3 }),
  fc.dictionary(fc.constantFrom('a', 'b', 'ab', 'x1'), scalar, { maxKeys: 3, noNullPrototype: true }),
)
const single = fc.constantFrom<Record<string, unknown>>(
  { type: 'string' },
  { type: ['number', 'null'] },
  { type: 'integer' },
  { type: 'object' },
  { type: 'array' },
  { enum: ['a', 1, null, [1]] },
  { const: 'ab' },
  { minLength: 2 },
  { maxLength: 1 },
  { pattern: 'b' },
  { pattern: '^a' },
  { minimum: 1 },
  { exclusiveMaximum: 1 },
  { multipleOf: 0.5 },
  { required: ['a'] },
  { minProperties: 2 },
  { maxItems: 1 },
  { minItems: 2 },
  { properties: { a: { type: 'integer' } } },
  { properties: { a: { const: 1 } }, required: ['a'] },
)
const schemas = fc.oneof(
  single,
  fc.record({ not: single }),
  fc.record({ not: fc.record({ not: single }) }),
  fc.tuple(single, single).map(([a, b]) => ({ ...a, ...b })),
  fc.tuple(single, single).map(([a, b]) => ({ not: { ...a, ...b } })),
  fc.tuple(single, single).map(([a, b]) => ({ ...a, not: b })),
  fc.record({ not: fc.record({ anyOf: fc.array(single, { minLength: 1, maxLength: 2 }) }) }),
  fc.record({ not: fc.record({ allOf: fc.array(single, { minLength: 1, maxLength: 2 }) }) }),
  fc.record({ patternProperties: fc.constant({ '^a': { type: 'integer' } }), additionalProperties: single }),
  fc.record({ propertyNames: fc.constantFrom({ maxLength: 1 }, { enum: ['a', 'b'] }, { pattern: '^a' }) }),
)

test('of listed values, those are left that are valid', () => {
  const property = fc.property(
    fc.uniqueArray(values, { minLength: 1, maxLength: 8 }),
    schemas,
    (listed, schema) => {
      const { enum: own, ...rest } = schema as { enum?: unknown[] }
      const both = own === undefined ? { ...rest, enum: listed } : { allOf: [schema, { enum: listed }] }
      const validate = ajv.compile(both)
      const valid = listed.filter((value) => validate(value))
      if (valid.length === 0) {
        expect(() => compileStructure(schemaStructure(both)), JSON.stringify(both)).toThrow(TwohopError)
        return
      }
      const structured = bind(schemaStructure(both), vocabulary)
      for (const value of listed)
        expect(accepts(structured, JSON.stringify(value), vocabulary), JSON.stringify([value, both])).toBe(
          validate(value),
        )
    },
  )
  fc.assert(property, { numRuns: 60, seed: 20_261_129 })
})
