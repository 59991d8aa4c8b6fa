import { expect, test } from 'vitest'
import { at } from '../../../../inference-host/platform/at.ts'

test('an item that is there, of a list or of numbers', () => {
  expect([at(['a', 'b'], 1), at(Float32Array.of(0, 2), 0)]).toEqual(['b', 0])
})

test.each([-1, 2, 0.5, Number.NaN])('nothing at %d of two', (index) => {
  expect(() => at(['a', 'b'], index)).toThrow(new RangeError(`nothing at ${index} of 2`))
})
