import fc from 'fast-check'
import { expect, it } from 'vitest'
import { cutText } from '../../../../../examples/extension/src/cut-text.ts'

it.each([
  ['short', 10, 'short', false],
  ['exactly', 7, 'exactly', false],
  ['longer', 4, 'long', true],
  ['üü', 3, 'ü', true],
  ['a😀b', 4, 'a', true],
  ['a😀b', 5, 'a😀', true],
  ['', 0, '', false],
])('%j within %i bytes is %j', (text, bytes, kept, isCut) => {
  expect(cutText(text, bytes)).toEqual({ text: kept, isCut })
})

it('is the longest beginning that fits, for any text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.nat(40), (whole, bytes) => {
      const { text, isCut } = cutText(whole, bytes)
      expect(whole.startsWith(text)).toBe(true)
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(bytes)
      expect(isCut).toBe(text !== whole)
      const next = String.fromCodePoint(whole.codePointAt(text.length) ?? 0)
      if (isCut) expect(Buffer.byteLength(text + next)).toBeGreaterThan(bytes)
    }),
  )
})
