import { expect, it } from 'vitest'
import { readable, Unreadable } from '../../../shared/unreadable.ts'

it('what cannot be read is refused by its field', () => {
  expect(readable('file', 'a file', () => 7)).toBe(7)
  const broken = () => {
    throw new Unreadable('half of one')
  }
  expect(() => readable('file', 'a file', broken)).toThrow(
    expect.objectContaining({
      code: 'invalid_request',
      param: 'file',
      message: 'Expected a file, found half of one.',
    }),
  )
})

it('a fault of ours stays one', () => {
  const fault = () => {
    throw new RangeError('ours')
  }
  expect(() => readable('file', 'a file', fault)).toThrow(RangeError)
})
