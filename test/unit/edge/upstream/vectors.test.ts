import { expect, it } from 'vitest'
import { floatsOf, packedOf } from '../../../../edge/upstream/vectors.ts'

it('packs floats as little-endian bytes in base64, and reads them', () => {
  const vector = [0.5, -0.25, 1, 0]
  const packed = Buffer.from(new Float32Array(vector).buffer).toString('base64')
  expect(packedOf(vector)).toBe(packed)
  expect(floatsOf(packed)).toEqual(vector)
  expect(packedOf(packed)).toBe(packed)
  expect(floatsOf(vector)).toBe(vector)
})

it('takes vectors longer than a call has arguments, and bytes too many', () => {
  const long = Array.from({ length: 20_000 }, (_, i) => i / 2)
  expect(floatsOf(packedOf(long))).toEqual(long)
  expect(floatsOf(btoa('\0\0\u0080?xyz'))).toEqual([1])
})
