import { expect, test } from 'vitest'
import { embeddedModel } from '../../../../../fixtures/models.ts'
import { accepts, bind, schemaStructure, vocabularyOf } from '../../../../../fixtures/structure/drive.ts'

const vocabulary = vocabularyOf(embeddedModel('twohop-chat').folder)
const bound = (schema: object) => bind(schemaStructure({ type: 'object', ...schema }), vocabulary)

test('of a hundred properties that begin alike and may be left out, any may follow any before it', () => {
  const names = Array.from({ length: 100 }, (_, i) => `attribute${i}Name`)
  const properties = Object.fromEntries(names.map((name) => [name, { type: ['string', 'number'] }]))
  const structured = bound({ properties, additionalProperties: false })
  const of = (every: number, space = '') =>
    `{${names
      .filter((_, i) => i % every === 0)
      .map((name, i) => `"${name}":${space}${i % 2 ? 7 : '"x"'}`)
      .join(`,${space}`)}}`
  for (const every of [1, 2, 7, 99]) expect(accepts(structured, of(every, ' '), vocabulary)).toBe(true)
  expect(accepts(structured, of(3), vocabulary)).toBe(true)
  expect(accepts(structured, `{"${names[5]}": 1, "${names[4]}": 1}`, vocabulary)).toBe(false)
})

const n = { type: 'null' }
const forms: [string, object, string[], string[]][] = [
  [
    'required ones among others',
    { properties: { a: n, b: n, c: n }, required: ['b'] },
    ['b', 'a b', 'b c', 'a b c'],
    ['', 'a', 'c', 'a c', 'c b'],
  ],
  [
    'others after them',
    { properties: { a: n }, additionalProperties: n },
    ['', 'a', 'x', 'a x', 'a x y', 'x y'],
    ['x a'],
  ],
  [
    'at least one more',
    { properties: { a: n }, required: ['a'], additionalProperties: n, minProperties: 2 },
    ['a x', 'a x y'],
    ['', 'a', 'x'],
  ],
  ['at least one', { properties: {}, additionalProperties: n, minProperties: 1 }, ['x', 'x y'], ['']],
  [
    'no room for others',
    { properties: { a: n }, additionalProperties: n, maxProperties: 1 },
    ['', 'a'],
    ['a x'],
  ],
  [
    'at least two of those declared',
    { properties: { a: n, b: n, c: n }, additionalProperties: false, minProperties: 2 },
    ['a b', 'a c', 'b c', 'a b c'],
    ['', 'a', 'b', 'c', 'b a'],
  ],
  [
    'at most two, of which one is required',
    { properties: { a: n, b: n, c: n }, required: ['c'], additionalProperties: false, maxProperties: 2 },
    ['c', 'a c', 'b c'],
    ['', 'a', 'a b', 'a b c'],
  ],
  [
    'two to three, and others count too',
    { properties: { a: n, b: n }, additionalProperties: n, minProperties: 2, maxProperties: 3 },
    ['a b', 'a x', 'a b x', 'a x y', 'b x'],
    ['', 'a', 'b', 'x', 'a b x y'],
  ],
  [
    'one that is not allowed, where nothing else is said',
    { not: { required: ['a', 'b'] } },
    ['', 'a', 'b', 'a x', 'x b'],
    ['a b', 'b a', 'a x b'],
  ],
]

test.each(forms)('%s', (_, schema, taken, refused) => {
  const structured = bound(schema)
  const written = (names: string) =>
    `{${names
      .split(' ')
      .filter(Boolean)
      .map((name) => `"${name}": null`)
      .join(', ')}}`
  for (const names of taken)
    expect([names, accepts(structured, written(names), vocabulary)]).toEqual([names, true])
  for (const names of refused)
    expect([names, accepts(structured, written(names), vocabulary)]).toEqual([names, false])
})

test('no comma ends an object or begins one', () => {
  const structured = bound({ properties: { a: n, b: n }, additionalProperties: n })
  for (const text of ['{,}', '{"a": null,}', '{, "a": null}', '{"a": null,, "b": null}', '{"b": null, }'])
    expect([text, accepts(structured, text, vocabulary)]).toEqual([text, false])
})

const never: [string, unknown][] = [
  ['forbidden', false],
  ['forbidden in other words', { not: {} }],
  ['nothing that can be', { allOf: [{ type: 'string' }, n] }],
]
test.each(never)('of a "oneOf" just one is valid where all that is declared is %s', (_, part) => {
  const object = (properties: object, required: string[] = []) => ({ type: 'object', properties, required })
  const structured = bound({
    oneOf: [
      object({ x: object({ a: part }), y: object({ q: n }, ['q']) }, ['x']),
      object({ x: object({ b: n }, ['b']), y: object({ p: n }) }, ['x', 'y']),
    ],
  })
  expect(accepts(structured, '{"x": {}}', vocabulary)).toBe(true)
  expect(accepts(structured, '{"x": {"b": null}, "y": {"p": null}}', vocabulary)).toBe(true)
  expect(accepts(structured, '{"x": {"b": null}, "y": {"q": null}}', vocabulary)).toBe(false)
})
