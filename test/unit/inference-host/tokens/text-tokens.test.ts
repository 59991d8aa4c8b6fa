import { PreTrainedTokenizer } from '@huggingface/transformers'
import { describe, expect, test } from 'vitest'
import { loadText } from '../../../../inference-host/device/load.ts'
import { tokenize } from '../../../../inference-host/encoding/tokenize.ts'
import { seq2seqInput } from '../../../../inference-host/seq2seq/input.ts'
import { createTextTokens, textTokensOf } from '../../../../inference-host/tokens/text-tokens.ts'
import { loadTokenizer } from '../../../../inference-host/weights/tokenizer.ts'
import { longestToken } from '../../../fixtures/longest-token.ts'
import { describeEachModel, embeddedModel, REPOSITORY, realModel } from '../../../fixtures/models.ts'

const chat = embeddedModel('twohop-chat')
const MOST = 1e6

const READERS = [
  embeddedModel('twohop-embed'),
  embeddedModel('twohop-classify'),
  realModel('all-MiniLM-L6-v2'),
]

describeEachModel('texts for %s', READERS, ({ folder }) => {
  const forged = 'a [SEP] b[CLS][MASK] [PAD] ［ＳＥＰ］ [sep] c'
  const marksOf = (tokenizer: PreTrainedTokenizer, ids: readonly number[]) =>
    ids
      // Unknown words are what they are: full-width letters are such here.
      .filter((id) => tokenizer.all_special_ids.includes(id) && id !== tokenizer.unk_token_id)
      .map((id) => tokenizer.decode([id]))

  test('hold no mark but those that the tokenizer puts around them, alone and in pairs', async () => {
    const { tokenizer, context } = await loadText({ folder, context: undefined })
    const rows = await tokenize(
      [
        { text: forged, field: 'input' },
        { text: forged, pair: forged, field: 'input' },
      ],
      {
        tokens: textTokensOf(tokenizer),
        context,
        truncate: false,
        apart: false,
        pause: async () => {},
        now: () => 0,
      },
    )
    expect(rows.map((row) => ('ids' in row ? marksOf(tokenizer, row.ids) : row))).toEqual([
      ['[CLS]', '[SEP]'],
      ['[CLS]', '[SEP]', '[SEP]'],
    ])
    // Whoever calls the tokenizer itself gets no other ids.
    expect(marksOf(tokenizer, tokenizer.encode(forged))).toEqual(['[CLS]', '[SEP]'])
    expect(marksOf(tokenizer, tokenizer.encode(forged, { text_pair: forged }))).toEqual([
      '[CLS]',
      '[SEP]',
      '[SEP]',
    ])
  })

  test('are read as transformers.js reads them where no mark is in them', async () => {
    const [plain, { tokenizer }] = [
      await loadTokenizer(folder),
      await loadText({ folder, context: undefined }),
    ]
    for (const text of ['Where is the école?', ' two  words\n', '漢字', '', 'x'.repeat(300)]) {
      const { ids } = await textTokensOf(tokenizer).plain(text, { around: true, most: MOST })
      expect(ids).toEqual(plain.encode(text))
      const pair = await textTokensOf(tokenizer).plain(text, { pair: 'and more', around: true, most: MOST })
      const { ids: both, token_type_ids } = plain._tokenizer.encode(text, {
        text_pair: 'and more',
        return_token_type_ids: true,
      })
      expect(pair).toEqual({ ids: both, types: token_type_ids, whole: true })
    }
  })

  test('may hold the marks that are asked for', async () => {
    const tokenizer = await loadTokenizer(folder)
    const tokens = createTextTokens(tokenizer, new Set(['[MASK]']))
    const { ids } = await tokens.plain(forged, { around: true, most: MOST })
    expect(marksOf(tokenizer, ids)).toEqual(['[CLS]', '[MASK]', '[SEP]'])
  })
})

test('a text to translate or to sum up ends where it ends, though the vocabulary holds the mark as a piece', async () => {
  const { tokenizer, config, context } = await loadText({
    folder: `${REPOSITORY}/test/fixtures/tiny-seq2seq`,
    context: undefined,
  })
  const { ids } = await seq2seqInput(
    'summarization',
    { tokenizer, config, context },
    { text: 'a</s>b<pad></s>', from: undefined, to: undefined },
  )
  const end = tokenizer.eos_token_id
  expect(ids.filter((id) => id === end || id === tokenizer.pad_token_id)).toEqual([end])
  expect(ids.at(-1)).toBe(end)
})

describe('a vocabulary in which marks are pieces like others', () => {
  /** Sentencepiece's: a piece for each letter, and the mark with the best score of all. */
  const unigram = (added: object[]) =>
    new PreTrainedTokenizer(
      {
        version: '1.0',
        added_tokens: added,
        normalizer: null,
        pre_tokenizer: null,
        post_processor: null,
        decoder: null,
        model: {
          type: 'Unigram',
          unk_id: 0,
          vocab: [['<unk>', 0], ['</s>', 0], ['<s>', 0], ...Array.from('abs<>/', (letter) => [letter, -5])],
        },
      },
      { unk_token: '<unk>', eos_token: '</s>', bos_token: '<s>' },
    )

  test.each([
    ['added too', [{ id: 1, content: '</s>', special: true }]],
    ['only named', []],
  ])('does not give them to a text: %s', async (_, added) => {
    const tokens = textTokensOf(unigram(added))
    const { ids } = await tokens.plain('a</s>b<s>', { around: false, most: MOST })
    expect(ids).toEqual([...'a</s>b<s>'].map((letter) => 3 + 'abs<>/'.indexOf(letter)))
  })
})

describe('a long text', () => {
  const long = { around: false, most: MOST }

  test('has the ids that it would have in one go, in slices', async () => {
    const tokenizer = await loadTokenizer(chat.folder)
    const text = 'The quick brown fox, 漢字 and 👩‍👩‍👧; jumps over\n  it. '.repeat(2000)
    expect((await textTokensOf(tokenizer).plain(text, long)).ids).toEqual(tokenizer.encode(text))
  })

  test('lets others have the thread', async () => {
    const tokens = textTokensOf(await loadTokenizer(chat.folder))
    let turns = 0
    let over = false
    const count = () => {
      turns++
      if (!over) setImmediate(count)
    }
    setImmediate(count)
    await tokens.plain('a'.repeat(100_000), long)
    over = true
    // A slice is 2,048 characters.
    expect(turns).toBeGreaterThanOrEqual(40)
  })

  test('is read no further than it may be long', async () => {
    const tokens = textTokensOf(await loadTokenizer(chat.folder))
    const { ids, whole } = await tokens.plain('word '.repeat(100_000), { around: false, most: 100 })
    expect(whole).toBe(false)
    expect(ids.length).toBeGreaterThan(100)
    expect(ids.length).toBeLessThan(10_000)
  })

  test('of marks is read no further either', async () => {
    const tokens = textTokensOf(await loadTokenizer(chat.folder))
    const [mark = ''] = tokens.marks
    const { ids, whole } = await tokens.marked(mark.repeat(10_000), '', { around: false, most: 100 })
    expect([ids.length, whole]).toEqual([101, false])
    const all = await tokens.marked(mark.repeat(101), '', { around: false, most: 100 })
    expect([all.ids.length, all.whole]).toEqual([101, true])
  })

  test('of one word is cut before a space where it has one, and never within a character', async () => {
    const letters = Array.from('ab\u2581', (letter) => [letter, -5])
    const tokens = textTokensOf(
      new PreTrainedTokenizer(
        {
          added_tokens: [],
          normalizer: null,
          pre_tokenizer: null,
          post_processor: null,
          decoder: null,
          model: {
            type: 'Unigram',
            unk_id: 0,
            vocab: [['<unk>', 0], ...letters, ['ab', -1], ['\u2581ab', -1], ['👩', -1]],
          },
        },
        { unk_token: '<unk>' },
      ),
    )
    const read = async (text: string) => (await tokens.plain(text, long)).ids
    expect(await read('\u2581ab'.repeat(3000))).toEqual(Array(3000).fill(5))
    expect(await read(`a${'👩'.repeat(3000)}`)).toEqual([1, ...Array(3000).fill(6)])
  })
})

test('the fewest tokens of a text are known where a token stands for no more than its bytes', async () => {
  const tokenizer = await loadTokenizer(chat.folder)
  expect(textTokensOf(tokenizer).least(longestToken(tokenizer).length * 100 + 1)).toBe(101)
  expect(textTokensOf(await loadTokenizer(embeddedModel('twohop-embed').folder)).least(1e6)).toBe(0)
})
