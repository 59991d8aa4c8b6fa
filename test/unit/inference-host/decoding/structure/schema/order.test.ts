import { expect, test } from 'vitest'
import { embeddedModel } from '../../../../../fixtures/models.ts'
import {
  bind,
  generate,
  hasty,
  schemaStructure,
  vocabularyOf,
} from '../../../../../fixtures/structure/drive.ts'

const vocabulary = vocabularyOf(embeddedModel('twohop-chat').folder)
const of = (name: string) => ({ type: 'object', properties: { [name]: { type: 'null' } }, required: [name] })
const ref = (name: string) => ({ $ref: `#/$defs/${name}` })
const $defs = { a: of('a'), b: of('b'), ab: { ...of('b'), ...ref('a') } }

test.each([
  ['a reference, then a schema', { allOf: [ref('a'), of('b')] }, 'ab'],
  ['a schema, then a reference', { allOf: [of('b'), ref('a')] }, 'ba'],
  ['two references', { allOf: [ref('a'), ref('b')] }, 'ab'],
  ['two references the other way', { allOf: [ref('b'), ref('a')] }, 'ba'],
  ['a base in "allOf" before own properties', { allOf: [ref('a')], ...of('b') }, 'ab'],
  ['a base in "$ref" before own properties', { ...of('b'), ...ref('a') }, 'ab'],
  ['a base of a base', { allOf: [ref('ab'), of('c')] }, 'abc'],
  ['an "allOf" in another', { allOf: [{ allOf: [ref('a'), of('b')] }, of('c')] }, 'abc'],
])(
  'properties are written in the order of reading, what a schema is based on first: %s',
  (_, schema, names) => {
    const structured = bind(schemaStructure({ $defs, ...schema }), vocabulary)
    const answer = generate(
      structured.start(80),
      vocabulary,
      hasty(() => 0, vocabulary),
      80,
    )
    expect(Object.keys(JSON.parse(answer)).join('')).toBe(names)
  },
)
