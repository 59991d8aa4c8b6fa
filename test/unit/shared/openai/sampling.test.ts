import { expect, it } from 'vitest'
import * as z from 'zod'
import { choosingOf, hostGeneration, sampling, streaming } from '../../../../shared/openai/sampling.ts'

const Asked = z.strictObject({ ...sampling, ...streaming })
const Host = z.strictObject(hostGeneration)

it('leaves what was left out to the model', () => {
  const asked = Asked.parse({ temperature: 0, top_k: -1, logit_bias: null, stop: null, stream: null })
  expect(choosingOf(asked)).toEqual({ temperature: 0, top_k: -1 })
  expect(asked).toMatchObject({ stop: undefined, stream: undefined })
  expect(Asked.parse({ stop: 'END' }).stop).toEqual(['END'])
})

it.each([
  [{ temperature: 2.1 }],
  [{ temperature: Number.NaN }],
  [{ top_p: -0.1 }],
  [{ top_p: 1.1 }],
  [{ seed: 1.5 }],
  [{ seed: 2 ** 65 }],
  [{ seed: -(2 ** 64) }],
  [{ top_k: 1.5 }],
  [{ min_p: 1.1 }],
  [{ repetition_penalty: 0 }],
  [{ frequency_penalty: -2.1 }],
  [{ logit_bias: { '-1': 0 } }],
  [{ logit_bias: { 1: 101 } }],
  [{ logit_bias: Object.fromEntries(Array.from({ length: 301 }, (_, id) => [id, 0])) }],
  [{ n: 9 }],
  [{ n: 0 }],
  [{ stop: ['a', 'b', 'c', 'd', 'e'] }],
  [{ stop: '' }],
  [{ stop: 'x'.repeat(65) }],
  [{ stream: 'yes' }],
])('refuses %o', (odd) => {
  expect(Asked.safeParse(odd).success).toBe(false)
})

it('the host takes nothing that is left open', () => {
  expect(Host.safeParse({ max_tokens: 1, stream: false, stop: [] }).success).toBe(true)
  expect(Host.safeParse({ stream: false, stop: [] }).success).toBe(false)
  expect(Host.safeParse({ max_tokens: 1, stream: false, stop: null }).success).toBe(false)
  expect(Host.safeParse({ max_tokens: 1, stream: true, stop: [], stream_options: {} }).success).toBe(false)
})
