import { expect, test } from 'vitest'
import { compileStructure } from '../../../../../inference-host/decoding/structure/compile.ts'
import { createMatchers } from '../../../../../inference-host/decoding/structure/matchers.ts'
import { packProgram } from '../../../../../inference-host/decoding/structure/packed.ts'
import type { Structure } from '../../../../../inference-host/decoding/structure/structure.ts'
import { embeddedModel } from '../../../../fixtures/models.ts'
import { STOP, vocabularyOf } from '../../../../fixtures/structure/drive.ts'

const vocabulary = vocabularyOf(embeddedModel('twohop-chat').folder)
const PARAM = 'structured_outputs.regex'
const packed = (structure: Structure) => ({
  id: JSON.stringify(structure),
  program: packProgram(compileStructure(structure)),
  param: PARAM,
})
const compiled = (pattern: string) => packed({ kind: 'regex', pattern, path: PARAM.split('.') })
const match = createMatchers({ vocabulary, stopTokens: [STOP] })

test('what only turns out with the tokens is refused with the field that asks for the structure', () => {
  const optional = Array.from({ length: 4000 }, (_, i) => `"${String.fromCharCode(97 + (i % 26))}"?`)
  const grammar = `root ::= ${optional.join(' ')}`
  expect(() => match(packed({ kind: 'grammar', grammar, path: PARAM.split('.') }), 10)).toThrow(
    expect.objectContaining({
      code: 'invalid_request',
      param: PARAM,
      message: 'The structure can be read in too many ways at once.',
    }),
  )
})

test('what is too long for max_tokens names max_tokens, and both numbers', () => {
  expect(() => match(compiled('(?:0 ){40}'), 10)).toThrow(
    expect.objectContaining({
      code: 'invalid_request',
      param: 'max_tokens',
      message: expect.stringMatching(
        /^An answer of this structure takes \d\d tokens at least; max_tokens is 10\.$/,
      ),
    }),
  )
})

test('what is bound once is remembered', () => {
  const once = compiled('[0-9]{3}')
  expect(match(once, 10).fewestTokens).toBe(match({ ...once, program: new Uint8Array() }, 10).fewestTokens)
})
