import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  createBudget,
  TooLarge,
} from '../../../../../../inference-host/decoding/structure/language/budget.ts'
import {
  type Condition,
  fulfilmentOf,
  languageOf,
} from '../../../../../../inference-host/decoding/structure/language/language.ts'
import { readPattern } from '../../../../../../inference-host/decoding/structure/language/read-pattern.ts'
import { RegexError } from '../../../../../../inference-host/decoding/structure/language/regex-error.ts'
import { runMachine } from '../../../../../fixtures/structure/machine.ts'

const RAW = { quote: '', escapes: new Map<string, string>() }
const JSON_STRING = {
  quote: '"',
  escapes: new Map(['"', '\\', '\n', '\t'].map((char) => [char, JSON.stringify(char).slice(1, -1)])),
}

const found = (source: string, negated = false): Condition => ({
  kind: 'pattern',
  pattern: readPattern(source, createBudget()),
  whole: false,
  negated,
})
const whole = (source: string): Condition => ({ ...found(source), whole: true }) as Condition
const lengths = (min: number, max: number): Condition => ({ kind: 'lengths', min, max })
const multiple = (of: number, decimals: number, zeros: number, negated = false): Condition => ({
  kind: 'multiple',
  of,
  decimals,
  zeros,
  negated,
})

/** Texts of few characters, so that patterns are met often. */
const texts = fc.oneof(
  fc.string({ unit: fc.constantFrom(...'abc'), maxLength: 7 }),
  fc.string({ unit: fc.constantFrom(...'abcdxo. foo1@AB😀é\n"\\'), maxLength: 9 }),
)

const PATTERNS = [
  'abc',
  '^a|b$',
  '(^a|b$)c?',
  '(?=.*\\d)(?!.*x)[a-z\\d]+',
  '^(?:(?!ab).)*$',
  '\\bfoo\\b',
  '\\Bo',
  'a{2,3}b*?',
  '(a|b)*c(?=d)',
  '(?:a(?=b)|b(?=a))+',
  '[^a-c]b',
  '.\\b.',
  '^(?=.{3,5}$)a*b*$',
  '(?:\\b[a-c]+\\b ?)+$',
  'x*(?=a*)$',
  '^(a*b*)*$',
  '^(?!.*(?:ab|ba))[abc]+$',
  '^(?:a|b(?!c)){2,4}$',
  '^\\p{L}+$',
  '[\\w-.]{2}',
  '^(?:(?=a)[ab]|c)+$',
]

describe('a pattern', () => {
  test.each(PATTERNS)('/%s/ is found in the texts in which JavaScript finds it', (source) => {
    const expected = new RegExp(source, source.includes('-.') ? '' : 'u')
    const condition = found(source)
    const machine = languageOf([condition], JSON_STRING, createBudget())
    fc.assert(
      fc.property(texts, (text) => {
        expect(fulfilmentOf([condition], createBudget())(text)).toBe(expected.test(text))
        expect(runMachine(machine, JSON.stringify(text))).toBe(expected.test(text))
      }),
      { numRuns: 150, seed: 5 },
    )
  })
})

describe('conditions together', () => {
  const cases: [string, Condition[], (text: string) => boolean][] = [
    ['two patterns', [found('^a'), found('b$')], (text) => /^a/.test(text) && /b$/.test(text)],
    ['a pattern that is not found', [found('ab', true)], (text) => !/ab/.test(text)],
    ['a whole text', [whole('a|bc')], (text) => /^(?:a|bc)$/.test(text)],
    [
      'lengths: code points at least, UTF-16 units at most',
      [lengths(2, 4)],
      (text) => [...text].length >= 2 && text.length <= 4,
    ],
    [
      'lengths and a pattern',
      [found('^[^b]*$'), lengths(3, 3)],
      (text) => /^[^b]*$/u.test(text) && [...text].length === 3 && text.length === 3,
    ],
  ]
  test.each(cases)('%s', (_, conditions, expected) => {
    const machine = languageOf(conditions, RAW, createBudget())
    fc.assert(
      fc.property(texts, (text) => {
        expect(fulfilmentOf(conditions, createBudget())(text)).toBe(expected(text))
        expect(runMachine(machine, text)).toBe(expected(text))
      }),
      { numRuns: 300, seed: 6 },
    )
  })

  test('that no text fulfils have no language', () => {
    expect(languageOf([found('^a'), found('^b')], RAW, createBudget())).toBeUndefined()
    expect(languageOf([found('a'), lengths(0, 0)], RAW, createBudget())).toBeUndefined()
    expect(languageOf([whole('(?=b)a')], RAW, createBudget())).toBeUndefined()
  })

  test('that only the empty text fulfils have it', () => {
    expect(runMachine(languageOf([whole('(?!a)')], RAW, createBudget()), '')).toBe(true)
    expect(runMachine(languageOf([lengths(0, 0)], JSON_STRING, createBudget()), '""')).toBe(true)
  })
})

describe('digits of multiples', () => {
  const numbers = whole('-?(0|[1-9][0-9]{0,5})(\\.[0-9]{1,3})?')
  test.each([
    [7, 0, 0],
    [60, 0, 0],
    [6, 0, 1],
    [1, 0, 2],
    [25, 2, 0],
    [1, 1, 0],
    [125, 3, 0],
    [36, 0, 0],
    [5, 2, 0],
  ])('%i of 10^-%i, %i zeros after them', (unit, decimals, zeros) => {
    const integers = zeros > 0 ? whole('-?(0|[1-9][0-9]{0,5})') : numbers
    const of = unit * 10 ** zeros
    const is = languageOf([integers, multiple(unit, decimals, zeros)], RAW, createBudget())
    const not = languageOf([integers, multiple(unit, decimals, zeros, true)], RAW, createBudget())
    fc.assert(
      fc.property(fc.integer({ min: -99_999, max: 99_999 }), fc.boolean(), (units, near) => {
        const thousandths = near ? Math.round(units / of) * of * 10 ** (3 - decimals) : units
        const text = (Math.abs(thousandths) / 1000).toFixed(3)
        const expected = thousandths % (of * 10 ** (3 - decimals)) === 0
        fc.pre(Math.abs(thousandths) < 1e9)
        const spellings = [text, text.replace(/\.?0+$/, '')]
        for (const written of spellings.filter((one) => zeros === 0 || !one.includes('.'))) {
          expect(runMachine(is, written), written).toBe(expected)
          expect(runMachine(not, written), written).toBe(!expected)
        }
      }),
      { numRuns: 300, seed: 7 },
    )
  })
})

describe('what is too much', () => {
  test.each([
    ['a count that any reading may begin', '(a|b)*a(a|b){14}$'],
    ['counts within counts', '^((a{1,999}b){1,999}c){1,999}(?=d)d$'],
    ['two counts that go their own ways', '^(?=(a|aa){1,400}b)(?=(aaa|a){1,400}b)a*b$'],
  ])('is refused after a bounded number of steps: %s', (_, source) => {
    expect(() => languageOf([found(source)], RAW, createBudget())).toThrow(TooLarge)
  })

  test('is not a text that one pattern after the other takes long for in JavaScript', () => {
    const text = `${'a'.repeat(5000)}!`
    expect(fulfilmentOf([found('^(a+)+$'), found('^(a|a)*$')], createBudget())(text)).toBe(false)
  })

  test('a condition repeated very often is refused by name', () => {
    expect(() => languageOf([found('(?:(?=a)a){300}')], RAW, createBudget())).toThrow(RegexError)
  })
})
