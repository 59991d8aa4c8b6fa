import { expect, test } from 'vitest'
import { LAST } from '../../../../../../inference-host/decoding/structure/grammar/characters.ts'
import {
  createBudget,
  TooLarge,
} from '../../../../../../inference-host/decoding/structure/language/budget.ts'
import { escapedSet } from '../../../../../../inference-host/decoding/structure/language/classes.ts'

test.each([
  'd',
  'D',
  'w',
  'W',
  's',
  'S',
  'p{L}',
  'P{Lu}',
  'p{Script=Greek}',
  'p{Emoji}',
  'p{Any}',
  'x41',
  'u{1F600}',
  't',
  '/',
])('\\%s stands for the characters that it stands for in JavaScript', (escaped) => {
  const { set, length } = escapedSet(`${escaped}rest`, createBudget())
  expect(length).toBe([...escaped].length)
  const expected = new RegExp(`^\\${escaped}$`, 'u')
  const has = (point: number) => set.some(([first, last]) => first <= point && point <= last)
  const isSurrogate = (point: number) => point >= 0xd800 && point <= 0xdfff
  // On both sides of each edge, and here and there between them.
  const points = [
    ...set.flatMap(([first, last]) => [first - 1, first, last, last + 1]),
    ...Array.from({ length: 400 }, (_, n) => n * 2789),
  ].filter((point) => point >= 0 && point <= LAST && !isSurrogate(point))
  expect(points.filter((point) => has(point) !== expected.test(String.fromCodePoint(point)))).toEqual([])
})

test('looking through Unicode comes out of the budget', () => {
  expect(() => escapedSet('p{Script=Ogham}', createBudget(100))).toThrow(TooLarge)
})
