import { expect, it } from 'vitest'
import { readLogprobs } from '../../../../../inference-host/decoding/sampling/logprobs.ts'

const SHARES = [0.5, 0.125, 0.25, 0.125]

it('reads natural logarithms of the shares, the likeliest first, of equal ones the lower id', () => {
  const logits = Float32Array.from(SHARES, (share) => Math.log(share) + 100)
  const read = readLogprobs(logits, 3)
  // What becomes of the logits afterwards, such as a mask, is not told.
  logits.fill(Number.NEGATIVE_INFINITY)
  expect(read(1).logprob).toBeCloseTo(Math.log(0.125), 4)
  expect(read(2).top.map(({ id }) => id)).toEqual([0, 2, 1])
  for (const { id, logprob } of read(2).top) expect(logprob).toBeCloseTo(Math.log(SHARES[id] ?? 0), 4)
})

it('gives a token that there is not, or that the model rules out, no probability', () => {
  const read = readLogprobs(Float32Array.of(0, Number.NEGATIVE_INFINITY), 5)
  expect([read(0).logprob, read(1).logprob, read(9).logprob]).toEqual([
    0,
    Number.NEGATIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
  ])
  expect(read(0).top).toEqual([{ id: 0, logprob: 0 }])
})
