import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createStopStrings } from '../../../../../inference-host/decoding/writing/stop-strings.ts'

function run(stops: string[], pieces: string[], mark?: string): { text: string; stopped: boolean } {
  const watch = createStopStrings(stops, mark)
  let text = ''
  for (const piece of pieces) {
    const step = watch.push(piece)
    text += step.text
    if (step.stopped) return { text, stopped: true }
  }
  return { text: text + watch.flush(), stopped: false }
}

test('a stop string across pieces is cut off whole', () => {
  expect(run(['END'], ['one E', 'N', 'D two'])).toEqual({ text: 'one ', stopped: true })
})

test('what only begins like one is held back, then given', () => {
  const watch = createStopStrings(['END'])
  expect(watch.push('an EN')).toEqual({ text: 'an ', stopped: false })
  expect(watch.push('ORMOUS')).toEqual({ text: 'ENORMOUS', stopped: false })
  expect(watch.push(' EN')).toEqual({ text: ' ', stopped: false })
  expect(watch.flush()).toBe('EN')
})

test('the first of several that appears ends the text', () => {
  expect(run(['zz', 'b'], ['aabzz'])).toEqual({ text: 'aa', stopped: true })
})

test('without stop strings nothing is held back', () => {
  expect(createStopStrings([]).push('text')).toEqual({ text: 'text', stopped: false })
})

test('however a text is cut into pieces, it ends before the first stop string', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 30 })
  const stop = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(fc.array(letters, { maxLength: 8 }), fc.array(stop, { maxLength: 4 }), (pieces, stops) => {
      const text = pieces.join('')
      const places = stops.map((one) => text.indexOf(one)).filter((place) => place >= 0)
      const { text: given, stopped } = run(stops, pieces)
      expect(stopped).toBe(places.length > 0)
      // Found piece by piece, the earliest to be complete wins, which need not be the earliest to begin.
      if (stopped) expect(stops.some((one) => text.startsWith(given + one))).toBe(true)
      else expect(given).toBe(text)
      for (const one of stops) expect(given).not.toContain(one)
    }),
  )
})

test.each([
  ['a stop string before the mark ends the text', ['b'], 'ab<call>c', 'a', true],
  [
    'one in the mark, or that the mark begins, does nothing',
    ['<', 'call', 'a<c'],
    'a<call>b',
    'a<call>b',
    false,
  ],
  ['one after it does nothing', ['b', '\n'], 'a<call>b\n', 'a<call>b\n', false],
  ['what only began like the mark is text', ['<'], 'a<cab', 'a', true],
  ['what begins like the mark at the end too', ['<c'], 'a<ca', 'a', false],
])('with a mark, %s', (_, stops, text, given, stopped) => {
  for (const pieces of [[text], [...text]])
    expect(run(stops, pieces, '<call>')).toEqual({ text: given, stopped })
})

test('says which stop string ended the text, also after it is flushed', () => {
  const watch = createStopStrings(['zz', 'b'])
  watch.push('aa')
  expect(watch.ending).toBeUndefined()
  watch.push('bzz')
  watch.flush()
  expect(watch.ending).toBe('b')
})
