import { type InferenceSession, Tensor } from 'onnxruntime-node'
import type { Call, Decoder, DecoderShape, KvArray, KvView } from './decoder.ts'

/** A decoder on an onnxruntime session of a model in its serving form. */
export function createOrtDecoder(session: Pick<InferenceSession, 'run'>, shape: DecoderShape): Decoder {
  const { layers, kvHeads, headDim, kvType, family } = shape
  const names = Array.from({ length: layers }, (_, layer) => [`${layer}.key`, `${layer}.value`]).flat()
  const tensors = new WeakMap<KvView, Record<string, Tensor>>()
  let scratch = new BigInt64Array(0)

  /** The cache as tensors; a view is the same object from step to step, so that they are mostly there. */
  function cacheFeeds(view: KvView): Record<string, Tensor> {
    const known = tensors.get(view)
    if (known !== undefined) return known
    const dims = [view.rows, kvHeads, view.stride, headDim]
    const feeds = Object.fromEntries(
      names.map((name, i) => [
        `past_key_values.${name}`,
        new Tensor(kvType, view.arrays[i] as KvArray, dims),
      ]),
    )
    tensors.set(view, feeds)
    return feeds
  }

  /**
   * GroupQueryAttention counts the ones of a row, its length after the call, which it appends at. Where attention is
   * spelled out, the new tokens stand behind the whole row, and what is unused between is masked.
   */
  function mask({ columns, lengths, cache: { stride } }: Call): Tensor {
    const width = family === 'gqa' ? stride : stride + columns
    const size = lengths.length * width
    if (scratch.length < size) scratch = new BigInt64Array(size)
    const ones = scratch.subarray(0, size).fill(0n)
    for (const [row, length] of lengths.entries()) {
      const start = row * width
      const end = start + length
      if (family === 'gqa') ones.fill(1n, start, end + columns)
      else ones.fill(1n, start, end).fill(1n, start + stride, start + stride + columns)
    }
    return new Tensor('int64', ones, [lengths.length, width])
  }

  return {
    shape,
    async run(call) {
      const { ids, columns, lengths, cache } = call
      const dims = [lengths.length, columns]
      const feeds: Record<string, Tensor> = {
        ...cacheFeeds(cache),
        input_ids: new Tensor('int64', ids, dims),
        attention_mask: mask(call),
      }
      if (family === 'spelled-out') feeds.position_ids = new Tensor('int64', positions(call), dims)
      const outputs = await session.run(feeds)
      return {
        logits: dataOf(outputs, 'logits') as Float32Array,
        fresh: names.map((name) => bits(dataOf(outputs, `new.${name}`))),
      }
    },
  }
}

function positions({ columns, lengths }: Call): BigInt64Array {
  return BigInt64Array.from(
    lengths.flatMap((length) => Array.from({ length: columns }, (_, column) => BigInt(length + column))),
  )
}

function dataOf(outputs: InferenceSession.ReturnType, name: string): ArrayBufferView {
  const output = outputs[name]
  if (output === undefined) throw new Error(`the model gives no ${name}: it is not in its serving form`)
  return output.data as ArrayBufferView
}

/** Float16 values as their bits, whatever array this Node has for them; float32 as it is. */
function bits(data: ArrayBufferView): KvArray {
  if (data instanceof Float32Array) return data
  return new Uint16Array(data.buffer, data.byteOffset, data.byteLength / Uint16Array.BYTES_PER_ELEMENT)
}
