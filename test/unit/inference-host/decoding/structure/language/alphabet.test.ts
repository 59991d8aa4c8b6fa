import { expect, test } from 'vitest'
import {
  type CharacterSet,
  LAST,
} from '../../../../../../inference-host/decoding/structure/grammar/characters.ts'
import { createAlphabet } from '../../../../../../inference-host/decoding/structure/language/alphabet.ts'
import { createBudget } from '../../../../../../inference-host/decoding/structure/language/budget.ts'

const LETTERS: CharacterSet = [[97, 122]]
const VOWELS: CharacterSet = [
  [97, 97],
  [101, 101],
  [105, 105],
]
const EVERYTHING: CharacterSet = [[0, LAST]]

test('no set tells two characters of one class apart, and a set is the classes that it is made of', () => {
  const alphabet = createAlphabet([LETTERS, VOWELS], EVERYTHING, createBudget())
  // Vowels, other letters, what is no letter, and what takes two units.
  expect(alphabet.classes).toHaveLength(4)
  const [a, b, e, one, smile] = ['a', 'b', 'e', '1', '😀'].map((char) =>
    alphabet.classOf(char.codePointAt(0) ?? 0),
  )
  expect(a).toBe(e)
  expect(new Set([a, b, one, smile]).size).toBe(4)
  const bit = (place = 0) => 1n << BigInt(place)
  expect(alphabet.bitsOf(VOWELS)).toBe(bit(a))
  expect(alphabet.bitsOf(LETTERS)).toBe(bit(a) | bit(b))
  expect(alphabet.astral).toBe(bit(smile))
  expect(alphabet.all).toBe(15n)
  expect(alphabet.knows(LETTERS)).toBe(true)
  expect(alphabet.knows([[98, 98]])).toBe(false)
  expect(() => alphabet.bitsOf([[98, 98]])).toThrow('not in the alphabet')
})

test('characters beyond the universe are in no class', () => {
  const alphabet = createAlphabet([LETTERS], [[97, 99]], createBudget())
  expect(alphabet.classes).toEqual([[[97, 99]]])
  expect(alphabet.classOf(100)).toBe(-1)
})
