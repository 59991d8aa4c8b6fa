import { expect, test } from 'vitest'
import { seededRandom } from '../../../inference-host/engine/random.ts'
import { createSampler } from '../../../inference-host/engine/sampling.ts'

const none = { temperature: undefined, topP: undefined, seed: undefined, stop: [] }
const LOGITS = Float32Array.from([0.5, 0.1, 0.15, 0.25], Math.log)

/** How often each token is drawn, over evenly spread random numbers. */
function shares(sampler: ReturnType<typeof createSampler>): number[] {
  const counts = new Array(LOGITS.length).fill(0)
  for (let i = 0; i < 1000; i++) counts[sampler?.(LOGITS) ?? -1]++
  return counts.map((count) => count / 1000)
}

function evenly() {
  let i = 0
  return () => (i++ % 1000) / 1000 + 0.0005
}

test('greedy where temperature is 0, or nothing is said and the model samples not by itself', () => {
  expect(createSampler({ ...none, temperature: 0 }, { do_sample: true }, Math.random)).toBeUndefined()
  expect(createSampler(none, {}, Math.random)).toBeUndefined()
  expect(createSampler({ ...none, topP: 0.5 }, {}, Math.random)).toBeUndefined()
})

test('draws at the logits own probabilities at temperature 1', () => {
  expect(shares(createSampler({ ...none, temperature: 1 }, {}, evenly()))).toEqual([0.5, 0.1, 0.15, 0.25])
})

test('a low temperature sharpens, a high one flattens', () => {
  const [cold = 0] = shares(createSampler({ ...none, temperature: 0.5 }, {}, evenly()))
  const [hot = 0] = shares(createSampler({ ...none, temperature: 2 }, {}, evenly()))
  expect(cold).toBeCloseTo(0.25 / (0.25 + 0.01 + 0.0225 + 0.0625), 2)
  expect(hot).toBeLessThan(0.5)
})

test('top_p keeps the fewest tokens that hold it', () => {
  expect(shares(createSampler({ ...none, temperature: 1, topP: 0.5 }, {}, evenly()))).toEqual([1, 0, 0, 0])
  const [first, second, third, fourth] = shares(
    createSampler({ ...none, temperature: 1, topP: 0.6 }, {}, evenly()),
  )
  expect([second, third]).toEqual([0, 0])
  expect(first).toBeCloseTo(2 / 3, 2)
  expect(fourth).toBeCloseTo(1 / 3, 2)
})

test("the model's own defaults where the request says nothing, top_k included", () => {
  const model = { do_sample: true, temperature: 1, top_k: 2 }
  const [first, second, third] = shares(createSampler(none, model, evenly()))
  expect([second, third]).toEqual([0, 0])
  expect(first).toBeCloseTo(2 / 3, 2)
})

test('extreme logits and temperatures give a token that exists', () => {
  const logits = Float32Array.from([-1e30, 3e38, Number.NEGATIVE_INFINITY, 3e38])
  const sampler = createSampler({ ...none, temperature: 1e-9 }, {}, () => 0.999999)
  expect(sampler?.(logits)).toBe(3)
})

test('a seed gives the same numbers anywhere, in [0, 1), and another seed others', () => {
  const ten = (seed: number) => {
    const next = seededRandom(seed)
    return Array.from({ length: 10 }, next)
  }
  expect(ten(42)).toEqual(ten(42))
  expect(ten(42)).not.toEqual(ten(43))
  expect(ten(-42)).not.toEqual(ten(42))
  expect(ten(2 ** 40)).not.toEqual(ten(0))
  const next = seededRandom(7)
  const many = Array.from({ length: 10_000 }, next)
  expect(many.every((one) => one >= 0 && one < 1)).toBe(true)
  expect(many.reduce((sum, one) => sum + one, 0) / many.length).toBeCloseTo(0.5, 1)
})
