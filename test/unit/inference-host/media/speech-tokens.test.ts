import { describe, expect, it } from 'vitest'
import {
  languageCode,
  languagesOf,
  opening,
  preceding,
  SpeechTokens,
} from '../../../../inference-host/media/speech-tokens.ts'

const many = SpeechTokens.parse({
  decoder_start_token_id: 1,
  no_timestamps_token_id: 9,
  eos_token_id: [2],
  prev_sot_token_id: 8,
  is_multilingual: true,
  lang_to_id: { '<|en|>': 3, '<|de|>': 4, '<|jw|>': 5, odd: 6 },
  task_to_id: { transcribe: 7, translate: 6 },
  another: true,
})
const english = SpeechTokens.parse({ decoder_start_token_id: 1, no_timestamps_token_id: 9, eos_token_id: 2 })

describe('languages', () => {
  it('are those with a token', () => {
    expect([...languagesOf(many)]).toEqual([
      ['en', 3],
      ['de', 4],
      ['jw', 5],
    ])
  })
  it('are known by their code and their name', () => {
    expect(['de', 'DE', 'German', 'english'].map((asked) => languageCode(many, asked))).toEqual([
      'de',
      'de',
      'de',
      'en',
    ])
    expect(languageCode(english, 'English')).toBeUndefined()
  })
  it.each([
    [many, 'fr'],
    [many, 'odd'],
    [english, 'de'],
  ])('others are refused %#', (tokens, asked) => {
    expect(() => languageCode(tokens, asked)).toThrow(
      expect.objectContaining({ code: 'invalid_request', param: 'language' }),
    )
  })
})

it('a text opens with the start, its language, the task, and that it has no times', () => {
  expect(opening(many, 4, false)).toEqual([1, 4, 7, 9])
  expect(opening(many, 4, true)).toEqual([1, 4, 7])
  expect(opening(english, undefined, false)).toEqual([1, 9])
})

describe('what went before', () => {
  const tokenizer = { encode: (text: string) => Array.from(text, (letter) => letter.charCodeAt(0)) }
  const preceded = (text: string | undefined, tokens = many, context = 12) =>
    preceding(tokenizer, tokens, text, context)
  it('is the end of a text, half a context long with its mark', () => {
    expect(preceded('abcdefgh')).toEqual([8, ...tokenizer.encode('defgh')])
    expect(preceded(' a ')).toEqual([8, ...tokenizer.encode(' a')])
  })
  it('is nothing without a text, without a mark, or without room', () => {
    expect([preceded(undefined), preceded('  '), preceded('a', english), preceded('a', many, 3)]).toEqual([
      [],
      [],
      [],
      [],
    ])
  })
})
