import { Tensor } from 'onnxruntime-node'

/**
 * A tensor of 16-bit floats, given as their bits, that can be fed. Where there is a Float16Array (Node 24), a Tensor
 * turns bits into one, and onnxruntime-node 1.30 then finds no bytes in it
 * (https://github.com/microsoft/onnxruntime/pull/32323); transformers.js puts the bits back in the same way.
 */
export function float16Tensor(bits: Uint16Array, dims: readonly number[]): Tensor {
  const tensor = new Tensor('float16', bits, dims)
  return Object.assign(tensor, { cpuData: bits })
}

/** The bits of 16-bit floats, however Node gives them. @throws TypeError where a tensor holds something else. */
export function float16Bits({ type, data }: Tensor): Uint16Array {
  if (type !== 'float16' || !ArrayBuffer.isView(data))
    throw new TypeError(`the model gives ${type}, not floats of 16 or 32 bits`)
  return new Uint16Array(data.buffer, data.byteOffset, data.byteLength / Uint16Array.BYTES_PER_ELEMENT)
}

/** The number that 16 bits of IEEE 754 binary16 stand for. Node 22 has no Float16Array. */
export function fromFloat16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}
