import { describe, expect, test } from 'vitest'
import { createGaps } from '../../../../../inference-host/decoding/writing/gaps.ts'

const MARKS = new Set(['<|im_end|>', '[INST]'])
const gaps = createGaps(MARKS, ['anything'])
/** With the gaps shown. */
const shown = (text: string) => text.replaceAll(gaps.gap, '·')

describe('a gap stands', () => {
  test.each([
    ['after whatever a mark begins with', 'a <|im_end|> b', 'a <·|im_end|> b'],
    ['there too where it is no mark yet', 'a < b [1]', 'a <· b [·1]'],
    ['before what a mark may end with', 'end|> b', '·end|> b'],
    ['there too where all of the text lies within a mark', '|im', '·|im'],
    ['behind the space that a template may cut off', '  \n|>', '  \n·|>'],
    ['nowhere else', 'a plain text.\n', 'a plain text.\n'],
    ['nowhere in what is empty', '  ', '  '],
  ])('%s', (_, text, expected) => {
    expect(shown(gaps.text(text))).toBe(expected)
    expect(gaps.text(text).replaceAll(gaps.gap, '')).toBe(text)
  })
})

test('JSON has them in texts and names, numbers and the like stay', () => {
  const value = { '<a': ['[b', 1e20, null, true, { c: '<' }] }
  expect(shown(JSON.stringify(gaps.json(value)))).toBe(
    '{"<·a":["[·b",100000000000000000000,null,true,{"c":"<·"}]}',
  )
  expect(shown(gaps.jsonText('{ "<a": ["[b", "\\"<", 1] }'))).toBe('{ "<·a": ["[·b", "\\"<·", 1] }')
})

test('the character of a gap is in nothing that was sent', () => {
  const sent = { a: ['\uFDD0', { '\uFDD1': '\uFDD2' }] }
  expect(createGaps(MARKS, sent).gap).toBe('\uFDD3')
})

test('without marks there are none', () => {
  expect(createGaps(new Set(), []).text('<|im_end|>')).toBe('<|im_end|>')
})
