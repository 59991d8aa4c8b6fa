import { zeros } from '../../onnx/floats.ts'
import { at } from '../../platform/at.ts'
import { bytesPerToken, type DecoderShape, type KvArray, type KvView } from './shape.ts'

/** Where a token lies in a buffer. */
export type Place = { slot: number; at: number }

/**
 * Keys and values of some sequences, one a slot, in the layout that a decoder reads: per layer and kind one array
 * [slots, kvHeads, stride, headDim]. The stride can change without allocating, up to `tokens`. The first k slots are
 * always contiguous, so k active sequences need only a view of them.
 */
export type KvBuffer = {
  readonly slots: number
  /** The most tokens that a slot can hold. */
  readonly tokens: number
  readonly bytes: number
  readonly stride: number
  /**
   * `rows` slots from `first` on (0 by default), as they are now. While nothing changes, it is the same object as
   * before.
   */
  view(rows: number, first?: number): KvView
  /** Lays the slots out anew, keeping the first `lengths[slot]` tokens of each. */
  setStride(stride: number, lengths: readonly number[]): void
  /**
   * Writes a call's new keys and values behind the `lengths` that its rows had, the slots from `first` on. Does nothing
   * where the decoder wrote them itself.
   */
  append(fresh: readonly KvArray[], columns: number, lengths: readonly number[], first?: number): void
  /** Copies `length` tokens of a slot of another buffer of the same kind, or of this one. */
  copyFrom(source: KvBuffer, from: Place, to: Place, length: number): void
  /** The same slots, as many as fit, in a buffer of another size. This one is not to be used any more. */
  resized(slots: number): KvBuffer
  /** Frees the memory. The buffer is not to be used any more. */
  release(): void
}

/** Makes an empty buffer of `slots` with room for `tokens` each. */
export type CreateBuffer = (slots: number, tokens: number) => KvBuffer

/** Buffers in this process's memory, for a decoder that gets its cache with each call. */
export function hostBuffers(shape: DecoderShape): CreateBuffer {
  return (slots, tokens) => createKvBuffer(shape, slots, tokens)
}

/** An empty buffer. Its pages are touched, and so resident, only as they are used. */
export function createKvBuffer(
  shape: DecoderShape,
  slots: number,
  tokens: number,
  stride: number = tokens,
  contents?: KvArray[],
): KvBuffer {
  const { layers, kvHeads, headDim, kvType, newLayout } = shape
  const size = slots * kvHeads * tokens * headDim
  const arrays = contents ?? Array.from({ length: 2 * layers }, () => zeros(kvType, size))
  let lastView: KvView | undefined
  let lastFirst = 0

  /** Where the `index`th token of a slot's head begins. */
  const place = (slot: number, head: number, index: number, width = stride) =>
    ((slot * kvHeads + head) * width + index) * headDim

  return {
    slots,
    tokens,
    bytes: slots * tokens * bytesPerToken(shape),
    get stride() {
      return stride
    },

    view(rows, first = 0) {
      if (lastView?.rows === rows && lastFirst === first) return lastView
      const start = place(first, 0, 0)
      const end = place(first + rows, 0, 0)
      lastView = { arrays: arrays.map((array) => array.subarray(start, end)), rows, stride }
      lastFirst = first
      return lastView
    },

    setStride(wanted, lengths) {
      if (wanted > tokens)
        throw new RangeError(`a stride of ${wanted} in a buffer of ${tokens} tokens a slot`)
      const grows = wanted > stride
      const rows = lengths.length * kvHeads
      for (const array of arrays)
        for (let i = 0; i < rows; i++) {
          // Outwards from the last row, inwards from the first, so that no row is overwritten before it moved.
          const row = grows ? rows - 1 - i : i
          const from = row * stride * headDim
          const used = (lengths[Math.floor(row / kvHeads)] ?? 0) * headDim
          array.copyWithin(row * wanted * headDim, from, from + used)
        }
      stride = wanted
      lastView = undefined
    },

    append(fresh, columns, lengths, first = 0) {
      for (const [i, array] of arrays.entries()) {
        const source = at(fresh, i)
        for (let row = 0; row < lengths.length; row++) {
          const length = at(lengths, row)
          for (let head = 0; head < kvHeads; head++) {
            const to = place(first + row, head, length)
            if (newLayout === 'heads-tokens') {
              const from = (row * kvHeads + head) * columns * headDim
              copy(source, from, array, to, columns * headDim)
            } else
              for (let column = 0; column < columns; column++) {
                const from = ((row * columns + column) * kvHeads + head) * headDim
                copy(source, from, array, to + column * headDim, headDim)
              }
          }
        }
      }
    },

    copyFrom(source, from, to, length) {
      const { arrays: others, stride: width } = source.view(from.slot + 1)
      for (const [i, array] of arrays.entries())
        for (let head = 0; head < kvHeads; head++) {
          const start = place(from.slot, head, from.at, width)
          const vectors = at(others, i).subarray(start, start + length * headDim)
          array.set(vectors, place(to.slot, head, to.at))
        }
    },

    resized(count) {
      const kept = Math.min(slots, count) * kvHeads * stride * headDim
      // Arrays are copied one by one, and each old one is freed at once. So the old and the new buffer never exist
      // whole together.
      const moved = arrays.map((array, i) => {
        const larger = zeros(kvType, count * kvHeads * tokens * headDim)
        larger.set(array.subarray(0, kept))
        arrays[i] = larger
        return larger
      })
      lastView = undefined
      return createKvBuffer(shape, count, tokens, stride, moved)
    },

    release() {
      arrays.length = 0
      lastView = undefined
    },
  }
}

/** For a head's few numbers a loop beats `set`, which needs a view of its source. */
function copy(source: KvArray, from: number, target: KvArray, to: number, length: number): void {
  if (length > 256) return void target.set(source.subarray(from, from + length), to)
  for (let i = 0; i < length; i++) target[to + i] = source[from + i] ?? 0
}
