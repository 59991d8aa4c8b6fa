import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { modern } from '../../../../../../inference-host/decoding/structure/schema/dialects.ts'
import { neverBoth } from '../../../../../../inference-host/decoding/structure/schema/excludes.ts'
import { implies } from '../../../../../../inference-host/decoding/structure/schema/implies.ts'
import type { Schema } from '../../../../../../inference-host/decoding/structure/schema/schema.ts'
import { withoutSettled } from '../../../../../../inference-host/decoding/structure/schema/settled.ts'
import { anySchema, SMALL_VALUES } from '../../../../../fixtures/structure/any-schema.ts'
import { validator } from '../../../../../fixtures/structure/drive.ts'
import { writer } from '../../../../../fixtures/structure/writer.ts'

const same = (schema: Schema) => modern(schema)

describe('a schema implies another', () => {
  test.each<[Schema, Schema, boolean]>([
    [{ type: 'integer' }, { type: 'number' }, true],
    [{ type: 'number' }, { type: 'integer' }, false],
    [{ const: 1 }, { type: 'integer' }, true],
    [{ enum: ['a', 'b'] }, { not: { enum: ['c'] } }, true],
    [{ enum: ['a', 'b'] }, { not: { enum: ['b'] } }, false],
    [{ minLength: 3 }, { minLength: 2 }, true],
    [{ minLength: 3 }, { maxLength: 4 }, false],
    [{ type: 'string' }, { required: ['a'] }, true],
    [{ type: 'object', required: ['a', 'b'] }, { required: ['a'] }, true],
    [{ type: 'object', properties: { a: { const: 1 } } }, { properties: { a: { type: 'integer' } } }, true],
    [{ type: 'object' }, { properties: { a: false } }, false],
    [{ type: 'object', additionalProperties: false }, { properties: { a: false } }, true],
    [
      { type: 'object', additionalProperties: false, patternProperties: { a: true } },
      { properties: { a: false } },
      false,
    ],
    [{ minimum: 2 }, { anyOf: [{ maximum: 0 }, { minimum: 1 }] }, true],
    [{ type: 'array', items: { const: 1 } }, { items: { const: 1 } }, false],
  ])('%j %j: %s', (given, wanted, proved) => {
    expect(implies(given, wanted, same)).toBe(proved)
  })
})

test('what is proved of two schemas holds for every value', () => {
  let proofs = 0
  const ajv = validator()
  const property = fc.property(anySchema(), anySchema(), (one, two) => {
    const [never, always] = [neverBoth(one, two, same), implies(one, two, same)]
    proofs += Number(never) + Number(always)
    if (!never && !always) return
    const [a, b] = [ajv.compile(one), ajv.compile(two)]
    for (const value of SMALL_VALUES) {
      if (never) expect([value, a(value) && b(value)]).toEqual([value, false])
      if (always && a(value)) expect([value, b(value)]).toEqual([value, true])
    }
  })
  fc.assert(property, { numRuns: 200, seed: 20_261_129 })
  expect(proofs).toBeGreaterThan(20)
})

describe('choices that are decided', () => {
  test('are left out, and so are options that cannot hold', () => {
    const kind = (value: string) => ({ properties: { kind: { const: value } }, required: ['kind'] })
    const schema = { type: 'object', ...kind('a'), anyOf: [kind('a'), kind('b')] }
    expect(withoutSettled(schema, [], same)).toEqual({ type: 'object', ...kind('a') })
    const open = { ...schema, anyOf: [kind('b'), kind('c')] }
    expect(withoutSettled(open, [], same)).toBeUndefined()
    const undecided = { type: 'object', anyOf: [kind('b'), kind('c')] }
    expect(withoutSettled(undecided, [], same)).toBe(undecided)
  })

  const properties = Object.fromEntries(Array.from({ length: 32 }, (_, n) => [`t${n}`, { type: 'integer' }]))
  test.each<[string, object, unknown[], unknown[]]>([
    [
      'thirty-two conditions on one property',
      {
        type: 'object',
        properties: { kind: { type: 'string' }, ...properties },
        allOf: Array.from({ length: 32 }, (_, n) => ({
          if: { properties: { kind: { const: `k${n}` } } },
          // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
          then: { required: [`t${n}`] },
        })),
      },
      [{ kind: 'k7', t7: 1 }, { kind: 'other' }, { kind: 'k31', t2: 1, t31: 2 }],
      [{ kind: 'k7' }, { kind: 'k7', t8: 1 }],
    ],
    [
      'a chain of properties that depend on one another',
      {
        type: 'object',
        properties,
        dependentRequired: Object.fromEntries(Array.from({ length: 31 }, (_, n) => [`t${n}`, [`t${n + 1}`]])),
      },
      [{ t30: 1, t31: 2 }, { t31: 1 }, {}],
      [{ t30: 1 }, { t29: 1, t31: 2 }],
    ],
    [
      'twelve kinds of a thing, whose kind may be left out',
      {
        oneOf: Array.from({ length: 12 }, (_, n) => ({
          type: 'object',
          properties: {
            kind: { enum: [`k${n}`] },
            label: { type: 'string' },
            size: { type: 'integer' },
            [`own${n}`]: { type: 'integer' },
          },
          required: ['label'],
          additionalProperties: false,
        })),
      },
      [
        { kind: 'k3', label: '' },
        { kind: 'k3', label: '', size: 1, own3: 2 },
      ],
      [{ label: '' }, { label: '', size: 1 }, { kind: 'k3', label: '', own4: 2 }],
    ],
  ])('%s: they are not written out one by another', (_, schema, can, cannot) => {
    const canWrite = writer(schema)
    for (const value of can) expect([value, canWrite(value)]).toEqual([value, true])
    for (const value of cannot) expect([value, canWrite(value)]).toEqual([value, false])
  })
})
