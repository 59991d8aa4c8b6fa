import { classOf, type Detector, isWhole, WINDOW } from './detector.ts'

/** What people write between groups of digits: a space of any kind, a dash of any kind, a dot. */
const isSeparator = classOf(/[ .\-\u2010-\u2015]/)
/** So many of them in a row, such as two spaces. */
const MOST_SEPARATORS = 2
// Compared rather than matched: a text of digits is looked at here nineteen times.
const ZERO = 48
const isDigit = (code: number) => code >= ZERO && code < ZERO + 10
const MOST_DIGITS = 19

/**
 * Numbers of payment cards (ISO/IEC 7812): 13 to 19 digits with a known begin and Luhn's check digit, written in one or
 * with one or two separators between digits.
 */
export const card: Detector = {
  rule: 'pii.card',
  hint: /\d(?:[^\dA-Za-z]{0,2}\d){12}/,
  first: /\d/,
  at(text, place, ended) {
    if (place > 0 && isDigit(text.charCodeAt(place - 1))) return undefined
    let begin = 0
    let lengths: readonly number[] = []
    let count = 0
    // Luhn's sums, where the digits of an even place count twice, and where those of an odd one do.
    let even = 0
    let odd = 0
    let end: number | undefined
    let between = 0
    const isCard = () => lengths.includes(count) && (count % 2 === 0 ? even : odd) % 10 === 0
    const most = Math.min(text.length, place + WINDOW)
    for (let next = place; next < most; next++) {
      const code = text.charCodeAt(next)
      if (isDigit(code)) {
        const digit = code - ZERO
        if (count < LONGEST_BEGIN) begin = begin * 10 + digit
        even += count % 2 === 0 ? twice(digit) : digit
        odd += count % 2 === 0 ? digit : twice(digit)
        count++
        between = 0
        if (count > MOST_DIGITS) return end
        if (count !== LONGEST_BEGIN) continue
        lengths = lengthsOf(begin)
        if (lengths.length === 0) return undefined
      } else {
        if (between === 0 && isCard()) end = next
        if (++between > MOST_SEPARATORS || !isSeparator(text.charAt(next))) return end
      }
    }
    if (!isWhole(text, place, ended)) return 'more'
    return between === 0 && isCard() ? most : end
  },
}

/** Every second digit from the right counts twice (Luhn's check, ISO/IEC 7812-1, annex B). */
const twice = (digit: number) => (digit > 4 ? digit * 2 - 9 : digit * 2)

/** Digits that tell the scheme, at most. */
const LONGEST_BEGIN = 3

/** Begins of card numbers and their lengths, as the schemes publish them. */
const SCHEMES: readonly { begin: RegExp; lengths: readonly number[] }[] = [
  { begin: /^4/, lengths: [13, 16, 19] },
  { begin: /^(?:5[1-5]|2[2-7])/, lengths: [16] },
  { begin: /^3[47]/, lengths: [15] },
  { begin: /^3(?:0[0-5]|[689])/, lengths: [14, 16, 19] },
  { begin: /^35/, lengths: [16, 17, 18, 19] },
  { begin: /^(?:6|5[06-8])/, lengths: [16, 17, 18, 19] },
]

const known: (readonly number[])[] = []

/** How many digits a number with this begin may have. */
function lengthsOf(begin: number): readonly number[] {
  known[begin] ??= SCHEMES.flatMap((one) => {
    const digits = String(begin).padStart(LONGEST_BEGIN, '0')
    return one.begin.test(digits) ? one.lengths : []
  })
  return known[begin]
}
