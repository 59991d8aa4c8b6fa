import { expect, test } from 'vitest'
import { marksOf, splitAt } from '../../../../inference-host/tokens/marks.ts'
import { markedTokenizer } from '../../../fixtures/marked-tokenizers.ts'

test('marks are all added tokens that are more than text, special or not', async () => {
  const tokenizer = await markedTokenizer({
    name: '',
    template: '',
    marks: [
      { content: '<tool_call>', special: false },
      { content: '    ', special: false },
      { content: 'antibody', special: false },
      { content: 'word', special: true },
    ],
  })
  expect([...marksOf(tokenizer)].sort()).toEqual(
    ['<tool_call>', '<|endoftext|>', '<|im_end|>', '<|im_start|>', 'word'].sort(),
  )
})

test.each([
  [['a', 'ab'], 'xabya', ['x', 'AB', 'y', 'A']],
  [['ab', 'bc'], 'abc', ['AB', 'c']],
  [['abc'], 'ababc', ['ab', 'ABC']],
  [['👩'], 'a👩b', ['a', '👩', 'b']],
  [[], 'ab', ['ab']],
  [['ab'], '', []],
])('a text is split at %j, the longest first, from left to right: %s', (words, text, expected) => {
  expect(splitAt(words)(text).map((part) => (part.word ? part.text.toUpperCase() : part.text))).toEqual(
    expected,
  )
})
