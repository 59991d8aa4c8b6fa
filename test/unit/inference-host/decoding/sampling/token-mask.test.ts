import { expect, it } from 'vitest'
import { applyMask, maskWords } from '../../../../../inference-host/decoding/sampling/token-mask.ts'

const OUT = Number.NEGATIVE_INFINITY

it('has a bit a token, in whole words', () => {
  expect([0, 1, 32, 33, 49_152].map(maskWords)).toEqual([0, 1, 1, 2, 1536])
})

it('rules out what it does not allow, and leaves the rest as it was', () => {
  const logits = Float32Array.from({ length: 70 }, (_, id) => id + 1)
  // All of the first word; the first and the last token of the second.
  applyMask(logits, Int32Array.of(-1, 1 | (1 << 31)))
  const left = [...logits.keys()].filter((id) => logits[id] !== OUT)
  expect(left).toEqual([...Array.from({ length: 32 }, (_, id) => id), 32, 63])
  expect(logits[63]).toBe(64)
})

it('allows no token that it does not reach', () => {
  const logits = new Float32Array(3)
  applyMask(logits, new Int32Array(0))
  expect([...logits]).toEqual([OUT, OUT, OUT])
})
