import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createDetokenizer } from '../../../../../inference-host/decoding/writing/detokenizer.ts'
import { anyText } from '../../../../fixtures/any-text.ts'

/** A tokenizer whose tokens are bytes, the hardest case; it decodes like byte-level BPE. */
const bytes = (ids: number[]) => new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(ids))
/** One that falls back to bytes writes one U+FFFD for each byte of a broken character. */
const fallback = (ids: number[]) =>
  bytes(ids).includes('\uFFFD')
    ? bytes(ids).replace(/\uFFFD+$/, (cut) => '\uFFFD'.repeat(cut.length * 2))
    : bytes(ids)

const piecesOf = (decode: typeof bytes, ids: Iterable<number>) => {
  const detokenizer = createDetokenizer(decode)
  return Array.from(ids, (id) => detokenizer.push(id))
}

test('each character comes whole, with its last byte', () => {
  expect(piecesOf(bytes, new TextEncoder().encode('aé€😀'))).toEqual([
    'a',
    '',
    'é',
    '',
    '',
    '€',
    '',
    '',
    '',
    '😀',
  ])
  expect(piecesOf(fallback, new TextEncoder().encode('é€'))).toEqual(['', 'é', '', '', '€'])
})

test('all pieces together are the whole text, whatever it is and however it is cut', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const whole = text.toWellFormed().replaceAll('\uFFFD', '')
      const pieces = piecesOf(bytes, new TextEncoder().encode(whole))
      expect(pieces.join('')).toBe(whole)
      expect(pieces.every((piece) => piece.isWellFormed())).toBe(true)
    }),
  )
})

test('a text that ends inside a character ends before it', () => {
  expect(piecesOf(bytes, new TextEncoder().encode('ok😀').slice(0, -1)).join('')).toBe('ok')
})

test('bytes that never make a character are passed by, in bounded work', () => {
  let longest = 0
  const decode = (ids: number[]) => {
    longest = Math.max(longest, ids.length)
    return bytes(ids)
  }
  const junk = new Array(500).fill(0x80)
  expect(piecesOf(decode, [...junk, 0x61]).join('')).toMatch(/^\uFFFD*a$/)
  expect(longest).toBeLessThan(20)
})

test('a space that the decoder drops at the start of a text is kept inside it', () => {
  const words = ['▁Hello', '▁big', '▁world', '!']
  const decode = (ids: number[]) =>
    ids
      .map((id) => words[id])
      .join('')
      .replaceAll('▁', ' ')
      .replace(/^ /, '')
  expect(piecesOf(decode, [0, 1, 2, 3])).toEqual(['Hello', ' big', ' world', '!'])
})
