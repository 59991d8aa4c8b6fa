import { describe, expect, it } from 'vitest'
import {
  contentOf,
  type HostPart,
  imagePart,
  imagesOf,
  partsOf,
  textOf,
} from '../../../../shared/openai/content.ts'

const textPart = (text: string): HostPart => ({ type: 'text', text })
const [one, two] = [imagePart('data:image/png;base64,AAAA'), imagePart('data:image/png;base64,BBBB')]

describe('a content', () => {
  it('is a text where there is no image, whatever it was cut into', () => {
    expect(contentOf([textPart('a '), textPart('b')])).toBe('a b')
    expect(contentOf([])).toBe('')
  })

  it('has its images in their places, and between them one text each, so that guards see whole words', () => {
    const parts = [textPart('a'), textPart('b'), one, textPart('c'), two, textPart('d'), textPart('e')]
    const content = contentOf(parts)
    expect(content).toEqual([textPart('ab'), one, textPart('c'), two, textPart('de')])
    expect(textOf(content)).toBe('abcde')
    expect(imagesOf(content)).toEqual(['data:image/png;base64,AAAA', 'data:image/png;base64,BBBB'])
    expect(contentOf(partsOf(content))).toEqual(content)
  })

  it('has no half of a surrogate pair in any part', () => {
    expect(contentOf([textPart('a\ud800')])).toBe('a\ufffd')
    expect(contentOf([textPart('a\ud800'), one])).toEqual([textPart('a\ufffd'), one])
    // Two halves of neighbouring parts are one character.
    expect(contentOf([textPart('\ud83d'), textPart('\ude42'), one])).toEqual([textPart('🙂'), one])
  })

  it('may be nothing', () => {
    expect([textOf(null), imagesOf(null), partsOf(null)]).toEqual(['', [], []])
  })
})
