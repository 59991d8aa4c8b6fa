import { Tensor } from 'onnxruntime-node'
import type { Call } from './decoder.ts'
import type { DecoderShape } from './shape.ts'

/** Makes the feeds of each call, without the cache. One for each decoder, because it keeps room for the mask. */
export function createCallFeeds({ family }: DecoderShape): (call: Call) => Record<string, Tensor> {
  let scratch = new BigInt64Array(0)

  /**
   * GroupQueryAttention counts a row's ones. Their number is the row's length after the call, and tells it where to
   * append. Where attention is spelled out, the new tokens stand behind the whole row. The mask then hides the unused
   * columns between.
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

  return (call) => {
    const dims = [call.lengths.length, call.columns]
    const feeds = { input_ids: new Tensor('int64', call.ids, dims), attention_mask: mask(call) }
    if (family === 'gqa') return feeds
    return { ...feeds, position_ids: new Tensor('int64', positions(call), dims) }
  }
}

function positions({ columns, lengths }: Call): BigInt64Array {
  return BigInt64Array.from(
    lengths.flatMap((length) => Array.from({ length: columns }, (_, column) => BigInt(length + column))),
  )
}

/** Layers' keys and values as the serving form names them, after `past_key_values.`, `new.` or `present.`. */
export function cacheNames({ layers }: Pick<DecoderShape, 'layers'>): string[] {
  return Array.from({ length: layers }, (_, layer) => [`${layer}.key`, `${layer}.value`]).flat()
}
