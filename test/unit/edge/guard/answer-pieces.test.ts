import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createPieces, saidBy, saidUpTo } from '../../../../edge/guard/answer-pieces.ts'
import { anyText } from '../../../fixtures/any-text.ts'

const SIZES = { every: 10, half: 16 }

it('a text is in the same pieces whatever the chunks; each is behind the one before, and the classifier can hold both', () => {
  fc.assert(
    fc.property(fc.array(anyText, { maxLength: 8 }), (chunks) => {
      const [one, other] = [createPieces(SIZES), createPieces(SIZES)]
      const cut = [...chunks.flatMap((chunk) => one.add(chunk)), ...one.rest()]
      expect(cut).toEqual([...other.add(chunks.join('')), ...other.rest()])
      for (const { text } of cut) expect(Buffer.byteLength(text)).toBeLessThanOrEqual(2 * SIZES.half)
      expect([cut.at(-1)?.end ?? 0, one.length]).toEqual([chunks.join('').length, chunks.join('').length])
    }),
  )
})

it('nothing of a text is in no piece', () => {
  const pieces = createPieces(SIZES)
  expect([...pieces.add('0123456789abcdefghij'), ...pieces.add('klm')]).toEqual([
    { text: '0123456789', end: 10 },
    { text: '0123456789abcdefghij', end: 20 },
  ])
  expect(pieces.length).toBe(23)
  expect(pieces.rest()).toEqual([{ text: 'abcdefghijklm', end: 23 }])
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

it('a choice is cut where it may say no more: its text, then its calls, each with a whole name', () => {
  const call = (name: string, given: string) => ({ function: { name, arguments: given } })
  const message = { content: 'ab', refusal: null, tool_calls: [call('f', '{}'), call('go', '[1]')] }
  const said = Array.from({ length: 11 }, (_, most) =>
    saidBy(saidUpTo({ index: 0, finish_reason: null, message }, most)),
  )
  expect(said).toEqual([
    '',
    'a',
    'ab',
    'abf',
    'abf{',
    'abf{}',
    'abf{}',
    'abf{}go',
    'abf{}go[',
    'abf{}go[1',
    'abf{}go[1]',
  ])
})
