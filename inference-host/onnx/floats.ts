import { Tensor } from 'onnxruntime-node'
import { float16Bits, float16Tensor, fromFloat16 } from './float16.ts'

/** Numbers as a model stores them: float32, or float16 as its bits. */
export type FloatArray = Float32Array | Uint16Array

/** Zeros of a type, as many as `length`. */
export function zeros(type: string, length: number): FloatArray {
  return type === 'float16' ? new Uint16Array(length) : new Float32Array(length)
}

/** A tensor's numbers as they are stored. @throws TypeError where it holds no floats of 16 or 32 bits. */
export function storedFloats(tensor: Tensor): FloatArray {
  return tensor.data instanceof Float32Array ? tensor.data : float16Bits(tensor)
}

/** A tensor's numbers, widened where they have 16 bits. @throws TypeError where it holds no floats of 16 or 32 bits. */
export function floatsOf(tensor: Tensor): Float32Array {
  const stored = storedFloats(tensor)
  return stored instanceof Float32Array ? stored : Float32Array.from(stored, fromFloat16)
}

/** A tensor of stored numbers that can be fed. */
export function floatTensor(stored: FloatArray, dims: readonly number[]): Tensor {
  return stored instanceof Float32Array ? new Tensor('float32', stored, dims) : float16Tensor(stored, dims)
}

/** A tensor of floats as onnxruntime takes it again: what it gives with 16 bits it cannot be fed with as it is. */
export function refed(tensor: Tensor): Tensor {
  return tensor.type === 'float16' ? float16Tensor(float16Bits(tensor), tensor.dims) : tensor
}
