import { describe, expect, it } from 'vitest'
import {
  contentOf,
  type HostPart,
  imagePart,
  imagesOf,
  partsOf,
  textOf,
} from '../../../../shared/openai/content.ts'

const text = (text: string): HostPart => ({ type: 'text', text })
const [one, two] = [imagePart('data:image/png;base64,AAAA'), imagePart('data:image/png;base64,BBBB')]

describe('a content', () => {
  it('is a text where there is no image, whatever it was cut into', () => {
    expect(contentOf([text('a '), text('b')])).toBe('a b')
    expect(contentOf([])).toBe('')
  })

  it('has its images in their places, and between them one text each, so that guards see whole words', () => {
    const parts = [text('a'), text('b'), one, text('c'), two, text('d'), text('e')]
    const content = contentOf(parts)
    expect(content).toEqual([text('ab'), one, text('c'), two, text('de')])
    expect(textOf(content)).toBe('abcde')
    expect(imagesOf(content)).toEqual(['data:image/png;base64,AAAA', 'data:image/png;base64,BBBB'])
    expect(contentOf(partsOf(content))).toEqual(content)
  })

  it('has no half of a surrogate pair in any part', () => {
    expect(contentOf([text('a\ud800')])).toBe('a\ufffd')
    expect(contentOf([text('a\ud800'), one])).toEqual([text('a\ufffd'), one])
    // Two halves of neighbouring parts are one character.
    expect(contentOf([text('\ud83d'), text('\ude42'), one])).toEqual([text('🙂'), one])
  })

  it('may be nothing', () => {
    expect([textOf(null), imagesOf(null), partsOf(null)]).toEqual(['', [], []])
  })
})
