import type { Tensor } from 'onnxruntime-node'
import { floatTensor, storedFloats, zeros } from '../onnx/floats.ts'
import { at } from '../platform/at.ts'

/** One row of a tensor. */
export type RowOf = { tensor: Tensor; row: number }

/**
 * Rows of some tensors of a kind, [rows, ..., places, width], one after another in a new one with `places` places each:
 * longer ones are cut, shorter ones filled up with zeros.
 */
export function gatherRows(rows: readonly RowOf[], places: number): Tensor {
  const { dims, type } = at(rows, 0).tensor
  const width = dims.at(-1) ?? 1
  const outer = dims.slice(1, -2).reduce((product, dim) => product * dim, 1)
  const size = rows.length * outer * places * width
  const all = zeros(type, size)
  for (const [i, { tensor, row }] of rows.entries()) {
    const values = storedFloats(tensor)
    const has = tensor.dims.at(-2) ?? 0
    const kept = Math.min(has, places) * width
    for (let part = 0; part < outer; part++) {
      const from = (row * outer + part) * has * width
      all.set(values.subarray(from, from + kept), (i * outer + part) * places * width)
    }
  }
  return floatTensor(all, [rows.length, ...dims.slice(1, -2), places, width])
}

/** Bytes that one place of one row takes. */
export function placeBytes({ dims, type }: Tensor): number {
  const outer = dims.slice(1, -2).reduce((product, dim) => product * dim, 1)
  return outer * (dims.at(-1) ?? 1) * (type === 'float16' ? 2 : 4)
}
