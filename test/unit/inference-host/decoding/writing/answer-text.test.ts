import { expect, test } from 'vitest'
import { createAnswerText } from '../../../../../inference-host/decoding/writing/answer-text.ts'

const END = 0
const RULES = { ends: new Set([END]), decode: (ids: number[]) => String.fromCodePoint(...ids) }

/** Takes the characters of `text` as tokens, then the end token; the last of them is the last that there is room for. */
function answer(text: string, stop: string[], followed?: { complete: boolean; wasCut: boolean }) {
  const taking = createAnswerText(RULES, stop, followed)
  const ids = [...text].map((char) => char.codePointAt(0) ?? END)
  let given = ''
  for (const [place, id] of [...ids, END].entries()) {
    const taken = taking.take(id, place === ids.length)
    given += taken.text
    if (taken.finish !== undefined) return [given, taken.finish]
  }
  throw new Error('it did not end')
}

test('an end token, or a structure that is whole, is a stop, the last token too', () => {
  expect(answer('ab', [])).toEqual(['ab', 'stop'])
  expect(answer('ab', [], { complete: false, wasCut: false })).toEqual(['ab', 'stop'])
  expect(answer('a', [], { complete: true, wasCut: false })).toEqual(['a', 'stop'])
})

test('an end that only the lack of room has brought about is a length', () => {
  expect(answer('ab', [], { complete: false, wasCut: true })).toEqual(['ab', 'length'])
  expect(answer('a', [], { complete: true, wasCut: true })).toEqual(['a', 'length'])
})

test('a stop string is a stop, before a call only', () => {
  const followed = { complete: false, wasCut: false }
  expect(answer('a.b', ['.'], followed)).toEqual(['a', 'stop'])
  expect(answer('a<tool_call>.', ['.', '_'], followed)).toEqual(['a<tool_call>.', 'stop'])
})
