import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { spansOf } from '../../../../inference-host/encoding/offsets.ts'

const placed = (text: string, pieces: string[]) =>
  spansOf(text, pieces).map((span) => span && text.slice(span.start, span.end))

test('pieces are found in order, whatever the case and the accents', () => {
  expect(placed('L’École à Paris, Paris', ['l', '’', 'ecole', 'a', 'paris', ',', 'paris'])).toEqual([
    'L',
    '’',
    'École',
    'à',
    'Paris',
    ',',
    'Paris',
  ])
  expect(spansOf('ab ab', ['ab', 'ab'])[1]).toEqual({ start: 3, end: 5 })
})

test('characters beyond the basic plane and those that fold to several count as JavaScript counts', () => {
  expect(placed('🙂 ﬁne ½', ['🙂', 'fine', '1⁄2'])).toEqual(['🙂', 'ﬁne', '½'])
})

test('an unknown word has no place, and those behind it have theirs', () => {
  expect(placed('the xyzzy fox', ['the', '[UNK]', 'fox'])).toEqual(['the', undefined, 'fox'])
  expect(spansOf('fox', [''])).toEqual([undefined])
})

test('words of any text are where they are', async () => {
  const word = fc.string({ unit: fc.constantFrom(...'abcäé😀-'), minLength: 1, maxLength: 6 })
  await fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 20 }), (words) => {
      expect(placed(words.join(' '), words)).toEqual(words)
    }),
  )
})
