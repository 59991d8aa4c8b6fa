import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createSeenReader, type Writing } from '../../../../edge/guard/seen.ts'

function seen(pieces: readonly string[], writing: Writing) {
  const reader = createSeenReader(writing)
  const all = [...pieces.map((piece) => reader.read(piece)), reader.end()]
  return {
    text: all.map((one) => one.text).join(''),
    raw: all.flatMap((one) => one.raw ?? one.text.split('')),
  }
}

describe('a text', () => {
  it.each<[string, string, Writing, string]>([
    ['full-width characters', 'ａ＠ｂ．ｃ', 'plain', 'a@b.c'],
    ['digits of other scripts', '٠٩۴१𝟜', 'plain', '09414'],
    ['spaces of other widths', 'a\u00a0b\u2009c', 'plain', 'a b c'],
    ['what nobody sees', 'a\u200b\u00adb\ufeff', 'plain', 'ab '],
    ['escapes of JSON', String.raw`\u0061\u0040b\/c\n\"\\`, 'json', 'a@b/c\n"\\'],
    ['a character of two escapes', String.raw`\ud835\udfdc`, 'json', '4'],
    ['what is no escape', String.raw`\u00g1 \x`, 'json', String.raw`\u00g1 x`],
    [
      'escapes in a text with JSON',
      String.raw`\n \\t\u0040\"\x\/ \\\\u0041\\\\\\\\\\b`,
      'escaped',
      '\n \t@"\\x/ A\\\\\b',
    ],
    ['escapes in what is no JSON', String.raw`\u0061`, 'plain', String.raw`\u0061`],
  ])('is seen without %s', (_, text, writing, there) => {
    expect(seen([text], writing).text).toBe(there)
  })

  it('is seen the same whatever its pieces, and each of its characters is in one unit', () => {
    const part = fc.constantFrom(
      'a',
      '4',
      '\\',
      'u',
      'n',
      '0',
      '\u200b',
      'ﬁ',
      '\ud835',
      '\udfdc',
      '\u0301',
      '"',
      '…',
    )
    fc.assert(
      fc.property(fc.array(part), fc.constantFrom<Writing>('plain', 'json', 'escaped'), (parts, writing) => {
        const whole = seen([parts.join('')], writing)
        expect(seen(parts, writing)).toEqual(whole)
        expect(whole.raw.join('')).toBe(parts.join(''))
        expect(whole.raw).toHaveLength(whole.text.length)
      }),
    )
  })

  it('has no more than sixteen characters in a row that are passed over', () => {
    expect(seen([`a${'\u200b'.repeat(16)}b`], 'plain').text).toBe('ab')
    expect(seen([`a${'\u200b'.repeat(17)}b`], 'plain').text).toBe('a\u200bb')
  })
})
