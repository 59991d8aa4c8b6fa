import { expect, test } from 'vitest'
import { embeddedModel } from '../../../../fixtures/models.ts'
import {
  bind,
  schemaStructure,
  vocabularyOf,
  accepts as writable,
} from '../../../../fixtures/structure/drive.ts'

const vocabulary = vocabularyOf(embeddedModel('twohop-chat').folder)

const accepts = (schema: unknown, answer: string) =>
  writable(bind(schemaStructure(schema), vocabulary), answer, vocabulary)

const named = {
  properties: { a: { type: 'integer' }, ab: {} },
  required: ['a'],
  additionalProperties: { type: 'string' },
}
const range = { type: 'number', minimum: -1.5, exclusiveMaximum: 20 }
const optional = { properties: { a: { type: 'null' }, b: { type: 'null' }, c: { type: 'null' } } }
const tags = { type: 'array', uniqueItems: true, minItems: 1, maxItems: 2, items: { enum: ['x', 'y', 'z'] } }
const label = { type: 'string', pattern: '^[a-z]([-a-z]*[a-z])?$', maxLength: 5 }

test.each([
  ['a space after colons and commas', { type: 'array' }, '[1, {"a": 2}]'],
  ['a name that begins like a declared one', named, '{"a":1,"abc":"x"}'],
  [
    'a name that a declared one begins like',
    { properties: { ab: {} }, additionalProperties: { type: 'null' } },
    '{"a":null}',
  ],
  ['the last of optional properties alone', optional, '{"c":null}'],
  ['the first and the last of them', optional, '{"a":null,"c":null}'],
  ['none of them', optional, '{}'],
  ['the least number', range, '-1.5'],
  ['a number near the open bound', range, '19.8999'],
  ['an integer in a range of numbers', range, '7'],
  ['the last integer of 15 digits', { type: 'integer' }, '999999999999999'],
  [
    'characters beyond the basic plane, as the two units of JavaScript',
    { type: 'string', maxLength: 3 },
    '"🙂é"',
  ],
  ['one of them alone', { type: 'string', maxLength: 2 }, '"🙂"'],
  ['an escape as one character', { type: 'string', maxLength: 2 }, '"\\n\\""'],
  ['a pattern that a length allows', label, '"ab-cd"'],
  ['a pattern that escapes', { type: 'string', pattern: '^[^a]b\\\\$' }, '"\\"b\\\\"'],
  ['what a pattern is found in', { type: 'string', pattern: 'b|^c' }, '"abc"'],
  ['what a pattern ends', { type: 'string', pattern: 'c$' }, '"abc"'],
  ['a tuple of draft 7', { type: 'array', items: [{ const: 1 }], additionalItems: false }, '[1]'],
  ['a number of a format that nobody knows', { format: 'positive' }, '7'],
  ['a constant of several parts', { const: { a: [1, 'b, c'], d: {} } }, '{"a":[1,"b, c"],"d":{}}'],
  ['the same as models write it', { enum: [{ a: [1, 'b, c'], d: {} }] }, '{"a": [1, "b, c"], "d": {}}'],
  ['null for OpenAPI', { type: 'string', nullable: true }, 'null'],
  ['items of a set in order', tags, '["x","z"]'],
  ['a constant that holds U+FFFD, escaped', { const: '\ufffd' }, '"\\ufffd"'],
])('%s can be written', (_, schema, answer) => {
  expect(accepts(schema, answer)).toBe(true)
})

test.each([
  ['two spaces', { type: 'array' }, '[1,  2]'],
  ['a line feed between values', { type: 'array' }, '[1,\n2]'],
  ['a declared name once more', named, '{"a":1,"a":"x"}'],
  ['another order than the declared', optional, '{"c":null,"a":null}'],
  ['a property that is not declared', optional, '{"d":null}'],
  ['a number beyond the open bound', range, '20'],
  ['a number under the least', range, '-1.6'],
  ['a number just under the least', range, '-1.51'],
  ['a number just over the greatest', { type: 'number', maximum: 20 }, '20.5'],
  ['an exponent', { type: 'number' }, '1e999'],
  ['16 digits', { type: 'integer' }, '1000000000000000'],
  ['a leading zero', { type: 'integer' }, '01'],
  ['one character too many', { type: 'string', maxLength: 2 }, '"abc"'],
  ['more units of UTF-16 than characters are allowed', { type: 'string', maxLength: 2 }, '"🙂é"'],
  ['three units where one length is asked for', { type: 'string', minLength: 3, maxLength: 3 }, '"🙂é"'],
  ['one too few', { type: 'string', minLength: 2 }, '"🙂"'],
  ['an escaped pair of surrogates', { type: 'string' }, '"\\ud83d\\ude42"'],
  ['a control character', { type: 'string' }, '"\u0007"'],
  ['U+FFFD, which a detokenizer cannot tell from a broken character', { type: 'string' }, '"\ufffd"'],
  ['a pattern that is too long', label, '"abcdef"'],
  ['a text without the pattern', { type: 'string', pattern: 'b|^c' }, '"ac"'],
  ['half a tuple of which no length is said', { type: 'array', prefixItems: [{}, {}] }, '[1]'],
  ['a bound of draft 4 that is open', { type: 'integer', minimum: 3, exclusiveMinimum: true }, '3'],
  ['an item twice', tags, '["x","x"]'],
  ['too many items', tags, '["x","y","z"]'],
  ['a 30th of February', { type: 'string', format: 'date' }, '"2024-02-30"'],
])('%s cannot', (_, schema, answer) => {
  expect(accepts(schema, answer)).toBe(false)
})

test.each(['c0af', 'eda080', 'f5808080', 'f4908080', '80', 'e28228'])(
  'bytes %s, which are no UTF-8, cannot be written',
  (hex) => {
    const matcher = bind(schemaStructure({ type: 'string' }), vocabulary).start(100)
    matcher.accept(vocabulary.ofByte[0x22] ?? -1)
    expect(() => {
      for (const byte of Buffer.from(hex, 'hex')) matcher.accept(vocabulary.ofByte[byte] ?? -1)
    }).toThrow('does not fit')
  },
)
