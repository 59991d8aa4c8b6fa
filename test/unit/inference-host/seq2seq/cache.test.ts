import { Tensor } from 'onnxruntime-node'
import { expect, test } from 'vitest'
import { float16Tensor } from '../../../../inference-host/onnx/float16.ts'
import { floatsOf } from '../../../../inference-host/onnx/floats.ts'
import { type Cache, gatherCache, maskOf, tokenBytes } from '../../../../inference-host/seq2seq/cache.ts'
import { gatherRows } from '../../../../inference-host/seq2seq/rows.ts'

/** A tensor that counts up from `from`. */
function counting(from: number, dims: number[]): Tensor {
  const size = dims.reduce((product, dim) => product * dim, 1)
  return new Tensor(
    'float32',
    Float32Array.from({ length: size }, (_, i) => from + i),
    dims,
  )
}

test('rows are picked in any order, each head’s places cut or filled up', () => {
  // Two rows of two heads, one place of two numbers; and one row with three places.
  const one = counting(1, [2, 2, 1, 2])
  const other = counting(101, [1, 2, 3, 2])
  const rows = [
    { tensor: other, row: 0 },
    { tensor: one, row: 1 },
  ]
  const both = gatherRows(rows, 2)
  expect(both.dims).toEqual([2, 2, 2, 2])
  expect([...(both.data as Float32Array)]).toEqual([
    ...[101, 102, 103, 104, 107, 108, 109, 110],
    ...[5, 6, 0, 0, 7, 8, 0, 0],
  ])
})

test('a cache is no longer than its longest text, and its mask says where each ends', () => {
  const cache: Cache = {
    lengths: [1, 3],
    mask: maskOf([1, 3]),
    read: [counting(1, [2, 3, 2])],
    written: [counting(1, [2, 1, 5, 2])],
  }
  const kept = gatherCache([{ cache, row: 0 }])
  expect([kept.lengths, [...(kept.mask.data as BigInt64Array)]]).toEqual([[1], [1n]])
  expect(kept.read.map(({ data }) => [...(data as Float32Array)])).toEqual([[1, 2]])
  expect(kept.written[0]?.dims).toEqual([1, 1, 5, 2])
  expect([...(cache.mask.data as BigInt64Array)]).toEqual([1n, 0n, 0n, 1n, 1n, 1n])
  expect(tokenBytes(cache)).toEqual({ read: 8, written: 8 })
})

test('16-bit floats keep their bits', () => {
  const half = float16Tensor(Uint16Array.of(0x3c00, 0xc000), [2, 1, 1])
  const picked = gatherRows([{ tensor: half, row: 1 }], 2)
  expect([picked.type, picked.dims, [...floatsOf(picked)]]).toEqual(['float16', [1, 2, 1], [-2, 0]])
})
