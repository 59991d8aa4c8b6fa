import { DATA_TYPE, type TensorProto } from '../../inference-host/onnx/schema.ts'
import { type Attributes, type Builder, builder } from '../../test/fixtures/graphs/edit.ts'

/** Values of `TensorProto.DataType` that only made models have. */
const INT8 = 3
const UINT8 = 2

/** How many numbers share a scale. */
export const BLOCK = 32
/** Standard deviation of equally likely whole numbers from -8 to 7, and from -128 to 127. */
const SPREAD = { fourBit: 4.61, int8: 73.9 }

/** The parts of made models' graphs: nodes, and random weights that are the same each time. */
export type Parts = Builder & {
  /** Maps ids [rows, tokens] to [rows, tokens, width] by a table of 8-bit numbers. It converts only what is read. */
  embed(output: string, ids: string, sizes: { entries: number; width: number }): string
  /** Multiplies by a matrix of 4-bit numbers in blocks, with activations rounded to 8 bits, as in q4 exports. */
  fourBit(output: string, input: string, sizes: FourBit): string
  /** Multiplies by a matrix of 8-bit numbers, which the session converts to float32 as it loads, and adds a vector. */
  dense(output: string, input: string, sizes: { from: number; to: number }): string
  ones(name: string, length: number): string
  zeros(name: string, length: number): string
}

type FourBit = {
  from: number
  to: number
  /** How many of the first columns are zero. */
  silent?: number
}

/** The parts of a new graph, without any node yet. */
export function parts(): Parts {
  const made = builder()
  const { op, floats, weights } = made
  let seed = 0

  function random(name: string, dims: number[], data_type: number): TensorProto {
    const length = dims.reduce((product, dim) => product * dim, 1)
    const tensor = { name, dims, data_type, raw_data: randomBytes(++seed, length) }
    weights.push(tensor)
    return tensor
  }
  function decoded(output: string, quantized: string, scale: number): string {
    const float = op(`${output}.float`, 'Cast', [quantized], { to: DATA_TYPE.float32 })
    return op(output, 'Mul', [float, floats(`${output}.scale`, [], [scale])])
  }

  return {
    ...made,
    embed(output, ids, { entries, width }) {
      random(`${output}.table`, [entries, width], INT8)
      const rows = op(`${output}.rows`, 'Gather', [`${output}.table`, ids], { axis: 0 })
      return decoded(output, rows, 1 / SPREAD.int8)
    },
    fourBit(output, input, { from, to, silent = 0 }) {
      const blocks = from / BLOCK
      random(`${output}.weight`, [to, blocks, BLOCK / 2], UINT8)
      const scale = 1 / (SPREAD.fourBit * Math.sqrt(from))
      const scales = new Float32Array(to * blocks).fill(scale).fill(0, 0, silent * blocks)
      const inputs = [input, `${output}.weight`, floats(`${output}.scales`, [to * blocks], scales)]
      const sizes: Attributes = { K: from, N: to, bits: 4, block_size: BLOCK, accuracy_level: 4 }
      return op(output, 'com.microsoft:MatMulNBits', inputs, sizes)
    },
    dense(output, input, { from, to }) {
      random(`${output}.quantized`, [from, to], INT8)
      const weight = decoded(`${output}.weight`, `${output}.quantized`, 1 / (SPREAD.int8 * Math.sqrt(from)))
      const product = op(`${output}.product`, 'MatMul', [input, weight])
      return op(output, 'Add', [product, floats(`${output}.bias`, [to], new Float32Array(to))])
    },
    ones: (name, length) => floats(name, [length], new Float32Array(length).fill(1)),
    zeros: (name, length) => floats(name, [length], new Float32Array(length)),
  }
}

/** Bytes that depend only on `seed`, all values equally likely (Marsaglia's xorshift, 32 bits). */
export function randomBytes(seed: number, length: number): Uint8Array {
  const numbers = new Int32Array(Math.ceil(length / 4))
  let state = Math.imul(seed, 0x9e3779b1) | 1
  for (let i = 0; i < numbers.length; i++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    numbers[i] = state
  }
  return new Uint8Array(numbers.buffer, 0, length)
}
