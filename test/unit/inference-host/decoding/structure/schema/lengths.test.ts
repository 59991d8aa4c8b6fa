import { describe, expect, it } from 'vitest'
import {
  characters,
  choice,
  type Expression,
  repeat,
  sequence,
  text,
} from '../../../../../../inference-host/decoding/structure/grammar/expression.ts'
import { lengthsOf, within } from '../../../../../../inference-host/decoding/structure/schema/lengths.ts'

const LETTER = characters([[97, 122]])
const letters = (min: number, max: number) => repeat(LETTER, min, max)
const lengths = (expression: Expression | undefined) => expression && lengthsOf(expression)

describe('the lengths of an expression', () => {
  it.each<[string, Expression, number, number]>([
    ['a text, of two characters that are three units', text('a😀'), 2, 3],
    ['a set', LETTER, 1, 1],
    ['parts one after the other', sequence(text('ab'), letters(1, 3)), 3, 5],
    ['one of several', choice([text('a'), text('abc')]), 1, 3],
    [
      'what goes on for ever',
      repeat(sequence(LETTER, LETTER), 1, Number.POSITIVE_INFINITY),
      2,
      Number.POSITIVE_INFINITY,
    ],
    ['nothing, for ever', repeat(text(''), 0, Number.POSITIVE_INFINITY), 0, 0],
  ])('%s', (_, expression, min, max) => {
    expect(lengthsOf(expression)).toEqual({ min, max })
  })
})

describe('an expression within bounds', () => {
  it('is itself where it fits, and none where it cannot', () => {
    expect(within(text('abc'), 3, 3)).toEqual(text('abc'))
    expect(within(text('abc'), 0, 2)).toBeUndefined()
    expect(within(letters(1, 3), 4, 9)).toBeUndefined()
  })

  it('is cut to the bounds: repeats, choices, and what follows each other', () => {
    const word = sequence(letters(1, 9), text('-'), letters(1, Number.POSITIVE_INFINITY))
    for (const [expression, min, max] of [
      [letters(0, Number.POSITIVE_INFINITY), 3, 5],
      [repeat(sequence(LETTER, LETTER), 0, 9), 3, 5],
      [repeat(letters(1, 4), 1, Number.POSITIVE_INFINITY), 6, 10],
      [word, 12, 12],
      [word, 3, 4],
      [choice([text('a'), text('abc'), letters(5, 9)]), 3, 6],
    ] as const) {
      const cut = lengths(within(expression, min, max))
      expect(cut?.min, JSON.stringify(expression)).toBeGreaterThanOrEqual(min)
      expect(cut?.max, JSON.stringify(expression)).toBeLessThanOrEqual(max)
    }
    expect(within(choice([text('a'), text('abc')]), 3, 6)).toEqual(text('abc'))
  })
})
