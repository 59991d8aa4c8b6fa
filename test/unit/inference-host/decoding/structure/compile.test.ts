import { expect, test } from 'vitest'
import { compileStructure } from '../../../../../inference-host/decoding/structure/compile.ts'
import type { Structure } from '../../../../../inference-host/decoding/structure/structure.ts'
import { schemaStructure } from '../../../../fixtures/structure/drive.ts'

const grammar = (source: string): Structure => ({ kind: 'grammar', grammar: source, path: ['g'] })
const beside = (names: readonly string[]): Structure =>
  schemaStructure({
    type: 'object',
    properties: Object.fromEntries(names.map((name) => [name, { type: 'null' }])),
    additionalProperties: { type: 'string' },
  })

test.each([
  ['counts of counts', grammar(`root ::= "a"${'{2}'.repeat(10_000)}`), 'g'],
  ['a long name beside others', beside(['long'.repeat(13_000)]), 'schema.additionalProperties'],
  [
    'many long names beside others',
    beside(Array.from({ length: 60 }, (_, i) => `${i}`.repeat(500))),
    'schema.additionalProperties',
  ],
])(
  'what is deeper than the call stack or larger than the memory is refused, with its place: %s',
  (_, structure, param) => {
    expect(() => compileStructure(structure)).toThrow(
      expect.objectContaining({ code: 'invalid_request', param }),
    )
  },
)

test('names that people give are told from others', () => {
  const names = Array.from({ length: 200 }, (_, i) => `property_number_${i}`)
  expect(compileStructure(beside(names)).nodes.length).toBeGreaterThan(0)
})
