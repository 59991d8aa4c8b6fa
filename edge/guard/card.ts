import { type Detector, isWhole, WINDOW } from './detector.ts'

/** What people write between groups of digits: a space of any kind, a dash of any kind, a dot. */
const SEPARATORS = new Set(' .-\u2010\u2011\u2012\u2013\u2014\u2015')
/** So many of them in a row, such as two spaces. */
const MOST_SEPARATORS = 2
// Compared rather than matched: a text of digits is looked at here nineteen times.
const isDigit = (char: string) => char >= '0' && char <= '9'
const MOST_DIGITS = 19
const FEWEST_DIGITS = 13

/**
 * Numbers of payment cards (ISO/IEC 7812): 13 to 19 digits with a known begin and Luhn's check digit, written in one or
 * with one or two separators between digits.
 */
export const card: Detector = {
  rule: 'pii.card',
  hint: /\d(?:[^\dA-Za-z]{0,2}\d){12}/,
  first: /\d/,
  at(text, place, ended) {
    if (place > 0 && isDigit(text.charAt(place - 1))) return undefined
    let digits = ''
    let end: number | undefined
    let next = place
    let between = 0
    const most = Math.min(text.length, place + WINDOW)
    while (next < most) {
      const char = text.charAt(next)
      if (isDigit(char)) {
        digits += char
        between = 0
        if (digits.length > MOST_DIGITS) return end
      } else {
        if (between === 0 && isCard(digits)) end = next
        if (!SEPARATORS.has(char) || ++between > MOST_SEPARATORS) return end
      }
      next++
    }
    if (!isWhole(text, place, ended)) return 'more'
    const last = text.charAt(most - 1)
    return isDigit(last) && isCard(digits) ? most : end
  },
}

/** Begins of card numbers and their lengths, as the schemes publish them. */
const SCHEMES: readonly { begin: RegExp; lengths: readonly number[] }[] = [
  { begin: /^4/, lengths: [13, 16, 19] },
  { begin: /^(?:5[1-5]|2[2-7])/, lengths: [16] },
  { begin: /^3[47]/, lengths: [15] },
  { begin: /^3(?:0[0-5]|[689])/, lengths: [14, 16, 19] },
  { begin: /^35/, lengths: [16, 17, 18, 19] },
  { begin: /^(?:6|5[06-8])/, lengths: [16, 17, 18, 19] },
]

function isCard(digits: string): boolean {
  if (digits.length < FEWEST_DIGITS) return false
  const known = SCHEMES.some(({ begin, lengths }) => lengths.includes(digits.length) && begin.test(digits))
  return known && luhn(digits)
}

/** Luhn's check (ISO/IEC 7812-1, annex B): every second digit from the right counts twice. */
function luhn(digits: string): boolean {
  let sum = 0
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits.charAt(digits.length - 1 - i))
    const twice = digit * 2
    sum += i % 2 === 0 ? digit : twice > 9 ? twice - 9 : twice
  }
  return sum % 10 === 0
}
