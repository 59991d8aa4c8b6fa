import { expect, test } from 'vitest'
import { allows } from '../../../../../inference-host/decoding/sampling/token-mask.ts'
import { readVocabulary } from '../../../../../inference-host/decoding/structure/vocabulary.ts'
import { bind, schemaStructure } from '../../../../fixtures/structure/drive.ts'

/** A token for each byte, and one that ends with a character of two units of UTF-16. */
const PIECE = 'a😀'
const pieces = [
  ...Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).padStart(2, '0')}>`),
  PIECE,
]
const vocabulary = readVocabulary(
  {
    model: { vocab: Object.fromEntries(pieces.map((piece, id) => [piece, id])), byte_fallback: true },
    decoder: null,
  },
  pieces.length,
)

/** Whether a token may follow `written` characters of a string with these lengths. */
function mayFollow(token: number, lengths: object, written: number): boolean {
  const matcher = bind(schemaStructure({ type: 'string', ...lengths }), vocabulary).start(1_000_000)
  for (const byte of Buffer.from(`"${'a'.repeat(written)}`)) matcher.accept(byte)
  const mask = new Int32Array(Math.ceil(vocabulary.tokens.length / 32))
  matcher.next(mask, 1_000_000)
  if (allows(mask, token)) matcher.accept(token)
  return allows(mask, token)
}

test.each<[string, object, number, boolean, boolean]>([
  ['with room for all lengths', { minLength: 40, maxLength: 400 }, 0, true, true],
  ['of one length, far from its end', { minLength: 400, maxLength: 400 }, 0, false, false],
  ['with one unit to spare', { minLength: 400, maxLength: 401 }, 0, true, true],
  ['with three units left', { maxLength: 400 }, 397, true, true],
  ['with two units left', { maxLength: 400 }, 398, true, false],
  ['with one unit left', { maxLength: 400 }, 399, false, false],
])('a character of two units is offered just where it fits: %s', (_, lengths, written, begun, whole) => {
  expect(mayFollow(0xf0, lengths, written)).toBe(begun)
  expect(mayFollow(pieces.length - 1, lengths, written)).toBe(whole)
})

test('both counts are exact at the end', () => {
  expect(mayFollow(0x22, { minLength: 2, maxLength: 3 }, 1)).toBe(false)
  expect(mayFollow(0xf0, { minLength: 2, maxLength: 3 }, 1)).toBe(true)
  expect(mayFollow(0xf0, { minLength: 3, maxLength: 3 }, 1)).toBe(false)
})
