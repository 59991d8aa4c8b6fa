import { expect, test } from 'vitest'
import { createAnswerText } from '../../../../../inference-host/decoding/writing/answer-text.ts'
import { seededRandom } from '../../../../../inference-host/decoding/writing/random.ts'

const END = 0
const RULES = { ends: new Set([END]), decode: (ids: number[]) => String.fromCodePoint(...ids) }

/** Takes the characters of `text` as tokens, then the end token; the last of them is the last that there is room for. */
function answer(text: string, stop: string[], followed?: { complete: boolean; wasCut: boolean }) {
  const taking = createAnswerText(RULES, stop, followed)
  const ids = [...text].map((char) => char.codePointAt(0) ?? END)
  let given = ''
  for (const [place, id] of [...ids, END].entries()) {
    const taken = taking.take(id, place === ids.length)
    given += taken.text
    if (taken.finish !== undefined) return [given, taken.finish]
  }
  throw new Error('it did not end')
}

test('an end token, or a structure that is whole, is a stop, the last token too', () => {
  expect(answer('ab', [])).toEqual(['ab', 'stop'])
  expect(answer('ab', [], { complete: false, wasCut: false })).toEqual(['ab', 'stop'])
  expect(answer('a', [], { complete: true, wasCut: false })).toEqual(['a', 'stop'])
})

test('an end that only the lack of room has brought about is a length', () => {
  expect(answer('ab', [], { complete: false, wasCut: true })).toEqual(['ab', 'length'])
  expect(answer('a', [], { complete: true, wasCut: true })).toEqual(['a', 'length'])
})

test('a stop string is a stop, before a call only', () => {
  const followed = { complete: false, wasCut: false }
  expect(answer('a.b', ['.'], followed)).toEqual(['a', 'stop'])
  expect(answer('a<tool_call>.', ['.', '_'], followed)).toEqual(['a<tool_call>.', 'stop'])
})

/** A token that has several characters each, in order of their ids; 9 is half of a character that 10 completes. */
const PIECES = ['', 'He', 'llo', ' wo', 'rld', '!', 'END', ' of', 'x']
const decodePieces = (ids: number[]) =>
  ids.map((id, place) => (id === 9 ? (ids[place + 1] === 10 ? 'é' : '\ufffd') : (PIECES[id] ?? ''))).join('')

/** Which tokens have all of their text passed on after each token, and the text. */
function passings(ids: number[], stop: string[], room = ids.length) {
  const taking = createAnswerText({ ends: new Set([END]), decode: decodePieces }, stop)
  let text = ''
  let told = 0
  const all: string[] = []
  for (const [place, id] of ids.entries()) {
    const taken = taking.take(id, place + 1 === room)
    text += taken.text
    all.push(ids.slice(told, told + taken.passed).join(' '))
    told += taken.passed
    if (taken.finish !== undefined) return { text, all }
  }
  throw new Error('it did not end')
}

test.each<[string, number[], string[], string, string[]]>([
  ['without stop strings, each at once', [1, 2, 0], [], 'Hello', ['1', '2', '0']],
  ['what may begin a stop string is held back', [1, 2, 0], ['loop'], 'Hello', ['1', '', '2 0']],
  ['a stop string of one token', [1, 2, 6, 7], ['END'], 'Hello', ['1', '2', '']],
  ['one within a token', [1, 2, 3, 4, 5], ['or'], 'Hello w', ['1', '', '2', '']],
  ['one that takes the first token', [1, 2], ['He'], '', ['']],
  ['one over several tokens', [1, 2, 3, 4, 5, 0], ['world!'], 'Hello ', ['1', '2', '', '', '']],
  ['held back and let go', [1, 3, 3, 4, 0], ['world'], 'He wo ', ['1', '', '3', '']],
  ['half a character waits for the rest', [1, 9, 10, 2, 0], [], 'Heéllo', ['1', '', '9 10', '2', '0']],
  ['a character that is a stop string', [1, 9, 10, 2], ['é'], 'He', ['1', '', '']],
  ['its room ends it', [1, 2, 3], ['wow'], 'Hello wo', ['1', '2', '3']],
])('tokens are told with their text: %s', (_, ids, stop, text, all) => {
  const found = passings(ids, stop)
  expect(found).toEqual({ text, all })
  const told = found.all.join(' ').split(' ').filter(Boolean).map(Number)
  expect(found.text.startsWith(decodePieces(told))).toBe(true)
})

test('no token goes past the cut, whatever the tokens and the stop strings are', () => {
  const random = seededRandom(7)
  const pick = (below: number) => Math.floor(random() * below)
  for (let round = 0; round < 3000; round++) {
    const ids = [...Array.from({ length: 1 + pick(8) }, () => 1 + pick(10)), 0]
    const whole = decodePieces(ids)
    const from = pick(whole.length)
    const stop = pick(4) === 0 ? [] : [whole.slice(from, from + 1 + pick(4)) || 'x', 'zz'].filter(Boolean)
    const { text, all } = passings(ids, stop)
    const told = all.join(' ').split(' ').filter(Boolean).map(Number)
    expect(told).toEqual(ids.slice(0, told.length))
    expect(
      text.startsWith(decodePieces(told.filter((id) => id !== 9 && id !== 10))) ||
        told.includes(9) ||
        told.includes(10),
    ).toBe(true)
    expect(decodePieces(told).replaceAll('\ufffd', '').length).toBeLessThanOrEqual(text.length)
  }
})
