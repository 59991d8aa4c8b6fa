import { Tensor } from 'onnxruntime-node'
import { describe, expect, test } from 'vitest'
import { float16Tensor } from '../../../../inference-host/onnx/float16.ts'
import { floatsOf, floatTensor, refed, storedFloats, zeros } from '../../../../inference-host/onnx/floats.ts'

/** 1, -2 and 0.5 as binary16. */
const BITS = Uint16Array.of(0x3c00, 0xc000, 0x3800)
const NUMBERS = Float32Array.of(1, -2, 0.5)

describe('floats of a tensor', () => {
  test('of 32 bits are themselves', () => {
    const tensor = new Tensor('float32', NUMBERS, [3])
    expect([storedFloats(tensor), floatsOf(tensor)]).toEqual([NUMBERS, NUMBERS])
    expect(refed(tensor)).toBe(tensor)
  })

  test('of 16 bits are stored as bits, widened to numbers, and fed again as bits', () => {
    const tensor = float16Tensor(BITS, [3])
    expect([storedFloats(tensor), floatsOf(tensor)]).toEqual([BITS, NUMBERS])
    expect([refed(tensor).type, floatsOf(refed(tensor))]).toEqual(['float16', NUMBERS])
  })

  test('are made of zeros, and put into a tensor, as their type says', () => {
    expect([zeros('float16', 2), zeros('float32', 2)]).toEqual([new Uint16Array(2), new Float32Array(2)])
    expect(
      [floatTensor(BITS, [1, 3]), floatTensor(NUMBERS, [3])].map(({ type, dims }) => [type, dims]),
    ).toEqual([
      ['float16', [1, 3]],
      ['float32', [3]],
    ])
  })

  test('are not made of something else', () => {
    const ids = new Tensor('int64', BigInt64Array.of(1n), [1])
    for (const read of [storedFloats, floatsOf])
      expect(() => read(ids)).toThrow(new TypeError('the model gives int64, not floats of 16 or 32 bits'))
  })
})
