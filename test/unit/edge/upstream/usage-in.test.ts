import { expect, it } from 'vitest'
import { usageIn } from '../../../../edge/upstream/usage-in.ts'

it('is what the header counts, and nothing where that counts nothing', () => {
  const said = (value?: string) => usageIn(new Headers(value === undefined ? {} : { 'x-usage': value }))
  expect(said('{"prompt_tokens":9,"completion_tokens":4,"total_tokens":13}')).toEqual({
    prompt_tokens: 9,
    completion_tokens: 4,
  })
  expect(said('{"prompt_tokens":9}')).toEqual({ prompt_tokens: 9, completion_tokens: 0 })
  for (const other of [undefined, '', 'many', '{"prompt_tokens":-1}', '{"completion_tokens":4}', '[]'])
    expect(said(other)).toBeUndefined()
  expect(said('{"prompt_tokens":0.5}')).toBeUndefined()
})
