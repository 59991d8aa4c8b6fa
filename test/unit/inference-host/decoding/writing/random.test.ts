import { expect, it } from 'vitest'
import { seededRandom } from '../../../../../inference-host/decoding/writing/random.ts'

const first = (seed: number, answer?: number) => {
  const random = seededRandom(seed, answer)
  return Array.from({ length: 4 }, random)
}

it.each([7, 0, -1, 2 ** 32 - 1, 2 ** 53, -(2 ** 63), 2 ** 63, 2 ** 64])(
  'from the seed %d the same numbers come each time, and other ones for each answer',
  (seed) => {
    const streams = [0, 1, 2, 7].map((answer) => first(seed, answer))
    expect(streams).toEqual([0, 1, 2, 7].map((answer) => first(seed, answer)))
    expect(new Set(streams.map(String)).size).toBe(4)
    for (const one of streams.flat()) expect(one >= 0 && one < 1).toBe(true)
  },
)

it('differs between seeds that are apart in one half only', () => {
  expect(first(1)).not.toEqual(first(1 + 2 ** 32))
  expect(first(2 ** 63)).not.toEqual(first(2 ** 62))
})
