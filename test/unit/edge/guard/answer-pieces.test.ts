import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createPieces, saidBy } from '../../../../edge/guard/answer-pieces.ts'
import { anyText } from '../../../fixtures/any-text.ts'

const SIZES = { every: 10, half: 16 }

it('a text is in the same pieces whatever the chunks; each is behind the one before, and the classifier can hold both', () => {
  fc.assert(
    fc.property(fc.array(anyText, { maxLength: 8 }), (chunks) => {
      const [one, other] = [createPieces(SIZES), createPieces(SIZES)]
      const cut = [...chunks.flatMap((chunk) => one.add(chunk)), ...one.rest()]
      expect(cut).toEqual([...other.add(chunks.join('')), ...other.rest()])
      for (const piece of cut) expect(Buffer.byteLength(piece)).toBeLessThanOrEqual(2 * SIZES.half)
      expect([one.given, one.length]).toEqual([chunks.join('').length, chunks.join('').length])
    }),
  )
})

it('nothing of a text is in no piece', () => {
  const pieces = createPieces(SIZES)
  expect([...pieces.add('0123456789abcdefghij'), ...pieces.add('klm')]).toEqual([
    '0123456789',
    '0123456789abcdefghij',
  ])
  expect([pieces.given, pieces.length]).toEqual([20, 23])
  expect(pieces.rest()).toEqual(['abcdefghijklm'])
  expect(pieces.rest()).toEqual([])
})

it('a choice says its text, and the names and arguments of its calls', () => {
  const tool_calls = [{ function: { name: 'f', arguments: '{}' } }]
  const more = { index: 0, finish_reason: null }
  expect([
    saidBy({ ...more, text: 'a' }),
    saidBy({ ...more, message: { content: 'b', refusal: null, tool_calls } }),
    saidBy({ ...more, delta: { content: null, refusal: null, tool_calls } }),
  ]).toEqual(['a', 'bf{}', 'f{}'])
})
