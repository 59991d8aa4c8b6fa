import { Tensor } from 'onnxruntime-node'
import { float16Bits, float16Tensor, fromFloat16 } from '../onnx/float16.ts'

/** One row of a tensor. */
export type RowOf = { tensor: Tensor; row: number }

/**
 * Rows of some tensors of a kind, [rows, ..., places, width], one after another in a new one with `places` places each:
 * longer ones are cut, shorter ones filled up with zeros.
 */
export function gatherRows(rows: readonly RowOf[], places: number): Tensor {
  const { dims, type } = (rows[0] as RowOf).tensor
  const width = dims.at(-1) ?? 1
  const outer = dims.slice(1, -2).reduce((product, dim) => product * dim, 1)
  const size = rows.length * outer * places * width
  const all = type === 'float16' ? new Uint16Array(size) : new Float32Array(size)
  for (const [i, { tensor, row }] of rows.entries()) {
    const values = valuesOf(tensor)
    const has = tensor.dims.at(-2) ?? 0
    const kept = Math.min(has, places) * width
    for (let part = 0; part < outer; part++) {
      const from = (row * outer + part) * has * width
      all.set(values.subarray(from, from + kept), (i * outer + part) * places * width)
    }
  }
  const shape = [rows.length, ...dims.slice(1, -2), places, width]
  return all instanceof Float32Array ? new Tensor('float32', all, shape) : float16Tensor(all, shape)
}

/** A tensor of floats as onnxruntime takes it again: what it gives with 16 bits it cannot be fed with as it is. */
export function refed(tensor: Tensor): Tensor {
  return tensor.type === 'float16' ? float16Tensor(float16Bits(tensor), tensor.dims) : tensor
}

/** A tensor's numbers, widened where they have 16 bits. */
export function floatsOf(tensor: Tensor): Float32Array {
  const values = valuesOf(tensor)
  return values instanceof Float32Array ? values : Float32Array.from(values, fromFloat16)
}

/** Bytes that one place of one row takes. */
export function placeBytes({ dims, type }: Tensor): number {
  const outer = dims.slice(1, -2).reduce((product, dim) => product * dim, 1)
  return outer * (dims.at(-1) ?? 1) * (type === 'float16' ? 2 : 4)
}

function valuesOf(tensor: Tensor): Float32Array | Uint16Array {
  if (tensor.type === 'float32') return tensor.data as Float32Array
  if (tensor.type === 'float16') return float16Bits(tensor)
  throw new Error(`the model gives ${tensor.type}, not floats`)
}
