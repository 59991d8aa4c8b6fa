import type { Call, Decoder } from '../../../inference-host/decoding/batching/decoder.ts'
import type { DecoderShape, KvArray } from '../../../inference-host/decoding/batching/shape.ts'

export const SHAPE: DecoderShape = {
  family: 'gqa',
  layers: 2,
  kvHeads: 2,
  headDim: 3,
  vocab: 40,
  kvType: 'float32',
  newLayout: 'tokens-heads',
}

type Hooks = {
  /** Called before each call is computed; what it throws is the call's failure. */
  onCall?: (call: Call) => void
}

/**
 * A decoder without a model: a token's keys and values hold its id, its place and a hash of all that is in the cache
 * before it, and the logits are a hash of the whole cache of the row. So any mix-up of rows, heads, layers or places
 * changes what comes next. It also tells a token computed alone from one computed beside others, as the real kernels
 * do, and holds callers to what they may ask of the GroupQueryAttention op.
 */
export function createHashingDecoder({ onCall }: Hooks = {}, shape: DecoderShape = SHAPE): Decoder {
  const { layers, kvHeads, headDim, vocab, newLayout } = shape
  const arrays = Array.from({ length: 2 * layers }, (_, i) => i)

  function read(call: Call, row: number): number {
    const { arrays: caches, stride } = call.cache
    let hash = 17
    for (let at = 0; at < (call.lengths[row] ?? 0); at++)
      for (const i of arrays)
        for (let head = 0; head < kvHeads; head++)
          for (let d = 0; d < headDim; d++) {
            const place = ((row * kvHeads + head) * stride + at) * headDim + d
            hash = mix(hash, caches[i]?.[place] ?? -1)
          }
    return hash
  }

  return {
    shape,
    async run(call) {
      await new Promise((resolve) => setImmediate(resolve))
      onCall?.(call)
      check(call)
      const { columns, lengths, ids } = call
      const fresh = arrays.map((): KvArray => new Float32Array(lengths.length * columns * kvHeads * headDim))
      const logits = new Float32Array(lengths.length * vocab)
      for (const [row, length] of lengths.entries()) {
        let hash = read(call, row)
        for (let column = 0; column < columns; column++) {
          const token = [
            Number(ids[row * columns + column]),
            length + column,
            (hash & 0xffff) ^ (columns === 1 ? 0x10000 : 0),
          ]
          for (const i of arrays)
            for (let head = 0; head < kvHeads; head++)
              for (let d = 0; d < headDim; d++) {
                const value = (token[d] ?? 0) + i * 100 + head * 10
                const place =
                  newLayout === 'tokens-heads'
                    ? (row * columns + column) * kvHeads + head
                    : (row * kvHeads + head) * columns + column
                ;(fresh[i] as KvArray)[place * headDim + d] = value
                hash = mix(hash, value)
              }
        }
        for (let id = 0; id < vocab; id++) logits[row * vocab + id] = (mix(hash, id) % 1000) / 100
      }
      return { logits, fresh }
    },
  }

  function check({ columns, lengths, ids, cache }: Call): void {
    if (lengths.length > 1 && columns > 1) throw new Error('the op takes several rows or several columns')
    if (ids.length !== lengths.length * columns) throw new Error(`${ids.length} ids`)
    if (cache.rows !== lengths.length) throw new Error(`${cache.rows} rows of cache for ${lengths.length}`)
    for (const length of lengths)
      if (length + columns > cache.stride)
        throw new Error(`${length} + ${columns} tokens in rows of ${cache.stride}`)
    for (const array of cache.arrays)
      if (array.length !== cache.rows * kvHeads * cache.stride * headDim)
        throw new Error('a cache of another size')
  }
}

function mix(hash: number, value: number): number {
  const mixed = Math.imul(hash ^ (value + 0x9e3779b9), 0x85ebca6b)
  return (mixed ^ (mixed >>> 13)) >>> 0
}
