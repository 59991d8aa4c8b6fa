import { describe, expect, test } from 'vitest'
import { createBudget } from '../../../../../../inference-host/decoding/structure/language/budget.ts'
import { readPattern } from '../../../../../../inference-host/decoding/structure/language/read-pattern.ts'
import { RegexError } from '../../../../../../inference-host/decoding/structure/language/regex-error.ts'

const read = (source: string) => readPattern(source, createBudget())
const text = (value: string) => ({ kind: 'text', text: value })

describe('a regular expression is read', () => {
  test.each<[string, string, unknown]>([
    ['as literals', 'a', text('a')],
    ['with groups that keep, have names or do not', '(a)', text('a')],
    ['with a name of Python', '(?P<year>a)', text('a')],
    ['with counts', 'a{2,}', { kind: 'repeat', part: text('a'), min: 2, max: Number.POSITIVE_INFINITY }],
    ['lazy or not', 'a+?', { kind: 'repeat', part: text('a'), min: 1, max: Number.POSITIVE_INFINITY }],
    ['with a brace that counts nothing', '{', text('{')],
    ['with classes', '[a-c]', { kind: 'characters', ranges: [[97, 99]] }],
    [
      'with a dash after a class',
      '[\\d-x]',
      {
        kind: 'characters',
        ranges: [
          [45, 45],
          [48, 57],
          [120, 120],
        ],
      },
    ],
    ['with a class of everything', '[^]', { kind: 'characters', ranges: [[0, 0x10ffff]] }],
    ['with lookahead', '(?!a)', { kind: 'ahead', part: text('a'), negated: true }],
    ['with a character in two halves', '\\ud83d\\ude00', text('😀')],
    ['with a backspace in a class', '[\\b]', text('\b')],
    ['with ties anywhere', '^', { kind: 'start' }],
    ['with edges of words', '\\B', { kind: 'inside' }],
  ])('%s: /%s/', (_, source, pattern) => {
    expect(read(source)).toEqual(pattern)
  })
})

describe('what it does not say is refused', () => {
  test.each([
    ['(?<=a)b', 'lookbehind'],
    ['(?<!a)b', 'lookbehind'],
    ['(?i)a', 'flags'],
    ['(a)\\1', '"\\1"'],
    ['\\k<a>', '"\\k"'],
    ['\\Z', '"\\Z"'],
    ['a**', 'nothing to repeat'],
    ['^*', 'nothing to repeat'],
    ['(?=a)*', 'nothing to repeat'],
    ['a{,3}', 'a count without its first number'],
    ['a{3,2}', 'out of order'],
    ['a{1000001}', 'repeats more than'],
    ['[z-a]', 'out of order'],
    ['[a', 'not closed'],
    ['(a', 'not closed'],
    ['a)', 'unexpected'],
    ['\\p{Nothing}', 'no property of Unicode'],
    ['\\u{110000}', 'no character'],
    [`${'('.repeat(40)}a${')'.repeat(40)}`, 'nested deeper'],
  ])('/%s/', (source, message) => {
    expect(() => read(source)).toThrow(RegexError)
    expect(() => read(source)).toThrow(message)
  })
})
