import { describe, expect, test } from 'vitest'
import { validator } from '../../../../../fixtures/structure/drive.ts'
import { writer } from '../../../../../fixtures/structure/writer.ts'

const integer = { type: 'integer' }
const has = (name: string) => ({ properties: { [name]: integer }, required: [name] })

/** All objects of some of these names, in their order, each 1 or "x". */
const objects = ['a', 'b', 'c', 'd'].reduce<Record<string, unknown>[]>(
  (all, name) => all.flatMap((one) => [one, { ...one, [name]: 1 }, { ...one, [name]: 'x' }]),
  [{}],
)
const lists = objects.map((one) => Object.values(one))

describe('what nothing describes', () => {
  test.each<[string, object]>([
    ['nothing else', { allOf: [has('a')], properties: { b: integer }, unevaluatedProperties: false }],
    ['a reference', { $defs: { base: has('a') }, $ref: '#/$defs/base', unevaluatedProperties: false }],
    ['choices', { anyOf: [has('a'), has('b')], properties: { c: integer }, unevaluatedProperties: false }],
    ['one of several', { oneOf: [has('a'), has('b')], unevaluatedProperties: { type: 'string' } }],
    [
      'conditions',
      {
        properties: { a: integer },
        if: { properties: { a: { const: 1 } }, required: ['a'] },
        // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
        then: { properties: { b: integer } },
        else: { properties: { c: integer } },
        unevaluatedProperties: false,
      },
    ],
    [
      'what a "not" names is not described by it',
      { properties: { a: integer }, not: has('b'), unevaluatedProperties: false },
    ],
    [
      'one within another',
      { allOf: [{ ...has('a'), unevaluatedProperties: { type: 'string' } }], unevaluatedProperties: false },
    ],
    [
      'beside another schema',
      { allOf: [{ properties: { a: integer }, unevaluatedProperties: false }, { properties: { b: true } }] },
    ],
    [
      'of a property that two schemas describe',
      {
        properties: { a: { type: 'object', properties: { a: integer }, unevaluatedProperties: false } },
        allOf: [{ properties: { a: { properties: { b: integer } } } }],
      },
    ],
  ])('of objects: %s', (_, schema) => {
    const whole = { type: 'object', ...schema }
    const canWrite = writer(whole)
    const validate = validator().compile(whole)
    let can = 0
    for (const one of [...objects, ...objects.map((inner) => ({ a: inner }))]) {
      if (!canWrite(one)) continue
      can++
      expect([one, validate(one)]).toEqual([one, true])
    }
    expect(can).toBeGreaterThan(0)
  })

  test.each<[string, object]>([
    ['a prefix', { prefixItems: [integer], minItems: 0, unevaluatedItems: { type: 'string' } }],
    [
      'a longer one in another',
      {
        prefixItems: [integer],
        minItems: 1,
        allOf: [{ prefixItems: [true, integer] }],
        unevaluatedItems: false,
      },
    ],
    [
      'choices',
      {
        anyOf: [{ prefixItems: [integer] }, { prefixItems: [{ type: 'string' }, integer] }],
        unevaluatedItems: false,
      },
    ],
  ])('of arrays: %s', (_, schema) => {
    const whole = { type: 'array', ...schema }
    const canWrite = writer(whole)
    const validate = validator().compile(whole)
    let can = 0
    for (const one of lists) {
      if (!canWrite(one)) continue
      can++
      expect([one, validate(one)]).toEqual([one, true])
    }
    expect(can).toBeGreaterThan(0)
  })
})
