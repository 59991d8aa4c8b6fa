import { expect, it } from 'vitest'
import { createHeldSpace } from '../../../../edge/write/held-space.ts'

it('holds space until there is more, and gives all of it once', () => {
  const held = createHeldSpace()
  expect([held.isEmpty, held.isSpace]).toEqual([true, true])
  held.add(' \n')
  expect([held.isEmpty, held.isSpace]).toEqual([false, true])
  const logprob = { token: 'a', logprob: -1, bytes: [97], top_logprobs: [] }
  held.add('a', [logprob])
  expect(held.isSpace).toBe(false)
  expect(held.take()).toEqual({ text: ' \na', logprobs: [logprob] })
  expect(held.take()).toEqual({ text: '', logprobs: [] })
})
