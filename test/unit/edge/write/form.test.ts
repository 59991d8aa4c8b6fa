import { describe, expect, it } from 'vitest'
import { createBound, namedEvent, renamed, withFieldsOf } from '../../../../edge/write/form.ts'
import { TwohopError } from '../../../../shared/errors.ts'

describe('what all forms of answers share', () => {
  it('writes an event with its name, on one line of data', () => {
    expect(namedEvent('done', { text: 'a\nb' })).toBe('event: done\ndata: {"text":"a\\nb"}\n\n')
  })

  it('remembers so many characters and no more', () => {
    const remember = createBound(5)
    remember(3)
    remember(2)
    expect(() => remember(1)).toThrow('longer than is remembered')
  })

  it('tells a refusal with the name that the field has in the API, and any other error as it is', () => {
    const upper = (param: string) => param.toUpperCase()
    const refuse = (param?: string) => () => {
      throw new TwohopError('invalid_request', 'no', param === undefined ? {} : { param })
    }
    expect(() => withFieldsOf(upper, refuse('a'))).toThrow(expect.objectContaining({ param: 'A' }))
    expect(() => withFieldsOf(upper, refuse())).toThrow(expect.objectContaining({ param: undefined }))
    expect(withFieldsOf(upper, () => 7)).toBe(7)
    const other = new Error('other')
    expect(renamed(other, upper)).toBe(other)
  })
})
