import { expect, it } from 'vitest'
import { keptText } from '../../../../edge/parse/body.ts'
import { parseAs } from '../../../../shared/parse-as.ts'

const Name = keptText(1, 5)
const ALLOWED = 'Expected text of 1 to 5 characters, without NUL and without half of a surrogate pair, found'

it('a text that is kept stands without the spaces around it', () => {
  expect(parseAs(Name, '  ab 🙂 ')).toBe('ab 🙂')
})

it.each([
  ['', 'empty text'],
  ['   ', 'text of 3 characters'],
  ['abcdef', 'text of 6 characters'],
  ['a\0', 'text of 2 characters'],
  ['\ud83d', 'text of 1 character'],
  [5, '5'],
  [undefined, 'nothing'],
])('what cannot be kept is refused with all that is allowed: %j', (text, found) => {
  expect(() => parseAs(Name, text)).toThrow(`${ALLOWED} ${found}.`)
})
