import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createKvBuffer, type KvBuffer } from '../../../../../inference-host/decoding/batching/kv-buffer.ts'
import type { DecoderShape, KvArray } from '../../../../../inference-host/decoding/batching/shape.ts'
import { SHAPE } from '../../../../fixtures/decoding/hashing-decoder.ts'

/** What the `token`-th token of sequence `name` has in an array, per head and dimension. */
const value = (name: number, i: number, head: number, token: number, d: number) =>
  name * 10_000 + i * 1000 + head * 100 + token * 3 + d

function freshOf(shape: DecoderShape, names: number[], lengths: number[], columns: number): KvArray[] {
  const { layers, kvHeads, headDim, newLayout } = shape
  return Array.from({ length: 2 * layers }, (_, i) => {
    const array = new Float32Array(names.length * columns * kvHeads * headDim)
    for (const [row, name] of names.entries())
      for (let column = 0; column < columns; column++)
        for (let head = 0; head < kvHeads; head++)
          for (let d = 0; d < headDim; d++) {
            const place =
              newLayout === 'tokens-heads'
                ? (row * columns + column) * kvHeads + head
                : (row * kvHeads + head) * columns + column
            array[place * headDim + d] = value(name, i, head, (lengths[row] ?? 0) + column, d)
          }
    return array
  })
}

function expectSlot(buffer: KvBuffer, slot: number, name: number, length: number): void {
  const { layers, kvHeads, headDim } = SHAPE
  const { arrays, stride } = buffer.view(slot + 1)
  expect(arrays).toHaveLength(2 * layers)
  for (const [i, array] of arrays.entries())
    for (let head = 0; head < kvHeads; head++) {
      const start = (slot * kvHeads + head) * stride * headDim
      const expected = Array.from({ length: length * headDim }, (_, at) =>
        value(name, i, head, Math.floor(at / headDim), at % headDim),
      )
      expect([...array.subarray(start, start + length * headDim)]).toEqual(expected)
    }
}

describe.each(['tokens-heads', 'heads-tokens'] as const)('new keys and values as %s', (newLayout) => {
  const shape = { ...SHAPE, newLayout }

  test('go behind what each slot has, and stay through every change of stride', async () => {
    await fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 }),
        fc.array(fc.integer({ min: 0, max: 7 }), { maxLength: 6 }),
        (chunks, spare) => {
          const buffer = createKvBuffer(shape, 4, 48)
          const names = chunks.map((_, i) => i + 1)
          const lengths = chunks.map(() => 0)
          for (const columns of chunks) {
            buffer.append(freshOf(shape, names, lengths, columns), columns, lengths)
            for (const i of lengths.keys()) lengths[i] = (lengths[i] ?? 0) + columns
          }
          for (const more of spare) {
            buffer.setStride(Math.max(...lengths) + more, lengths)
            for (const [slot, name] of names.entries()) expectSlot(buffer, slot, name, lengths[slot] ?? 0)
          }
        },
      ),
      { numRuns: 40 },
    )
  })
})

describe('slots', () => {
  function filled(lengths: number[], slots = lengths.length): KvBuffer {
    const buffer = createKvBuffer(SHAPE, slots, 16)
    for (let token = 0; token < Math.max(...lengths); token++) {
      const at = lengths.map((length) => Math.min(token, length - 1))
      buffer.append(
        freshOf(
          SHAPE,
          lengths.map((_, i) => i + 1),
          at,
          1,
        ),
        1,
        at,
      )
    }
    return buffer
  }

  test('are copied between buffers of different strides, and within one', () => {
    const source = filled([5, 9])
    source.setStride(9, [5, 9])
    const target = createKvBuffer(SHAPE, 3, 16)
    target.copyFrom(source, { slot: 1, at: 0 }, { slot: 2, at: 0 }, 9)
    expectSlot(target, 2, 2, 9)
    target.copyFrom(target, { slot: 2, at: 0 }, { slot: 0, at: 0 }, 9)
    expectSlot(target, 0, 2, 9)
  })

  test('stay when their number changes', () => {
    const grown = filled([5, 9]).resized(5)
    expect(grown).toMatchObject({ slots: 5, tokens: 16, bytes: 5 * 16 * 96 })
    expectSlot(grown, 1, 2, 9)
    expectSlot(grown.resized(1), 0, 1, 5)
  })

  test('give blocks and take them back', () => {
    const source = filled([9])
    const block = createKvBuffer(SHAPE, 1, 4)
    const target = filled([9, 9])
    const { arrays } = target.view(2)
    for (const array of arrays) array.fill(0, 16 * 3 * 2)
    for (const at of [0, 4]) {
      block.copyFrom(source, { slot: 0, at }, { slot: 0, at: 0 }, 4)
      target.copyFrom(block, { slot: 0, at: 0 }, { slot: 1, at }, 4)
    }
    expectSlot(target, 1, 1, 8)
    expectSlot(target, 0, 1, 9)
  })

  test('have a view that is the same object until something changes', () => {
    const buffer = filled([3, 3])
    expect(buffer.view(1)).toBe(buffer.view(1))
    const before = buffer.view(2)
    expect(before.arrays[0]?.length).toBe(2 * 2 * 16 * 3)
    buffer.setStride(8, [3, 3])
    expect(buffer.view(2)).not.toBe(before)
    expect(() => buffer.setStride(17, [3, 3])).toThrow(RangeError)
  })

  test('of float16 are kept as bits', () => {
    const shape: DecoderShape = { ...SHAPE, kvType: 'float16' }
    const buffer = createKvBuffer(shape, 1, 4)
    buffer.append(
      Array.from({ length: 4 }, () => Uint16Array.of(1, 2, 3, 4, 5, 65535)),
      1,
      [2],
    )
    expect(buffer.bytes).toBe(4 * 48)
    expect([...(buffer.view(1).arrays[3] ?? [])].slice(6, 9)).toEqual([1, 2, 3])
    expect([...(buffer.view(1).arrays[3] ?? [])].slice(18, 21)).toEqual([4, 5, 65535])
  })
})
