import { expect, test } from 'vitest'
import { embeddedModel } from '../../../../../fixtures/models.ts'
import { accepts, bind, schemaStructure, vocabularyOf } from '../../../../../fixtures/structure/drive.ts'

const vocabulary = vocabularyOf(embeddedModel('twohop-chat').folder)
const VALUES = ['"a"', '1', 'null', '[]', '{"a": 1}', '{}']

/** The values that can be written of a schema. */
function writable(schema: object): string[] {
  const structured = bind(schemaStructure(schema), vocabulary)
  return VALUES.filter((text) => accepts(structured, text, vocabulary))
}

test.each([
  ['names no property', { properties: {} }, VALUES],
  ['names none in any way', { properties: {}, required: [], patternProperties: {} }, VALUES],
  ['rules a value out beside', { properties: {}, not: { enum: ['a'] } }, VALUES.slice(1)],
  ['rules a type out beside', { required: [], not: { type: ['object', 'string'] } }, ['1', 'null', '[]']],
  ['says more of strings', { properties: {}, maxLength: 3 }, ['"a"']],
  ['names a property', { properties: { a: {} }, required: [] }, ['{"a": 1}', '{}']],
  ['asks for a property', { properties: {}, required: ['a'] }, ['{"a": 1}']],
  ['allows no other', { properties: {}, additionalProperties: false }, ['{}']],
  ['says its type', { type: 'object', properties: {} }, ['{"a": 1}', '{}']],
])('a schema without a type that %s', (_, schema, values) => {
  expect(writable(schema)).toEqual(values)
})

test('of a "oneOf" just one is valid where one option names no property, and so takes any value', () => {
  expect(writable({ oneOf: [{ properties: {} }, { type: 'string' }, { type: 'object' }] })).toEqual([
    '1',
    'null',
    '[]',
  ])
})
