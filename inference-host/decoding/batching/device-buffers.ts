import { DeviceLost } from '../../device/lost.ts'
import { createInOrder } from './in-order.ts'
import type { CreateBuffer, KvBuffer, Place } from './kv-buffer.ts'
import { bytesPerToken, type DecoderShape, type KvView } from './shape.ts'

/** Memory of a device, in arrays of rows. A row is a few tokens of one head. All calls are carried out in order. */
export type DeviceMemory<A> = {
  /** A new array. @throws Error where the memory does not suffice */
  allocate(rows: number): Promise<A>
  /** Copies rows `from` of each array to rows `to` of the target beside it, which may be the same array. */
  copy(
    sources: readonly A[],
    targets: readonly A[],
    from: readonly number[],
    to: readonly number[],
  ): Promise<void>
  free(array: A): void
}

/** Caches on a device. */
export type DeviceBuffers<A> = {
  createBuffer: CreateBuffer
  /**
   * The tensors behind a view, once all calls before are carried out. Per layer they are the keys, then the values,
   * each [slots, kvHeads, tokens, headDim].
   * @throws DeviceLost where any of those calls failed, and from then on always, because the caches' contents are
   * unknown
   */
  contents(view: KvView): Promise<{ arrays: readonly A[]; tokens: number }>
}

/**
 * Makes caches on a device. Their methods return at once, and the work is done later, in order. A change of stride
 * moves no row: the stride only says how far the attention looks.
 * @param grain Tokens in a row of the memory: buffers are multiples of it, and copies start at multiples.
 */
export function createDeviceBuffers<A>(
  memory: DeviceMemory<A>,
  shape: DecoderShape,
  grain: number,
): DeviceBuffers<A> {
  type Held = { arrays: A[]; tokens: number }
  const count = 2 * shape.layers
  const held = new WeakMap<KvBuffer | KvView, Held>()
  const { later, settled } = createInOrder()

  /** The rows of `tokens` from a place on, head by head. */
  function rowsOf(buffer: KvBuffer, { slot, at }: Place, tokens: number): number[] {
    if (at % grain !== 0) throw new RangeError(`token ${at} is not the first of ${grain}`)
    if (slot >= buffer.slots || at + tokens > buffer.tokens)
      throw new RangeError(`${at} + ${tokens} tokens of slot ${slot} are not in the buffer`)
    const rows = Math.ceil(tokens / grain)
    const firsts = Array.from(
      { length: shape.kvHeads },
      (_, head) => ((slot * shape.kvHeads + head) * buffer.tokens + at) / grain,
    )
    return firsts.flatMap((first) => Array.from({ length: rows }, (_, row) => first + row))
  }

  const rowsIn = (slots: number, tokens: number) => (slots * shape.kvHeads * tokens) / grain

  const createBuffer: CreateBuffer = (slots, tokens) => {
    if (tokens % grain !== 0) throw new RangeError(`a buffer of ${tokens} tokens, no multiple of ${grain}`)
    const own: Held = { arrays: [], tokens }
    later(async () => {
      while (own.arrays.length < count) own.arrays.push(await memory.allocate(rowsIn(slots, tokens)))
    })
    return bufferOn(own, slots, tokens)
  }

  function bufferOn(own: Held, slots: number, length: number, looksAt = length): KvBuffer {
    let stride = looksAt
    let lastView: KvView | undefined

    const buffer: KvBuffer = {
      slots,
      tokens: length,
      bytes: slots * length * bytesPerToken(shape),
      get stride() {
        return stride
      },

      view(rows, first = 0) {
        if (first !== 0) throw new RangeError('a view of a cache on a device begins with its first slot')
        if (rows > slots) throw new RangeError(`a view of ${rows} slots of ${slots}`)
        if (lastView?.rows === rows) return lastView
        lastView = { arrays: [], rows, stride }
        held.set(lastView, own)
        return lastView
      },

      setStride(wanted) {
        if (wanted > length)
          throw new RangeError(`a stride of ${wanted} in a buffer of ${length} tokens a slot`)
        stride = wanted
        lastView = undefined
      },

      append() {},

      copyFrom(source, from, to, tokens) {
        const other = held.get(source)
        if (other === undefined) throw new TypeError('the other buffer is not on this device')
        if (tokens === 0) return
        const [sources, targets] = [rowsOf(source, from, tokens), rowsOf(buffer, to, tokens)]
        later(() => memory.copy(other.arrays, own.arrays, sources, targets))
      },

      resized(wanted) {
        const moved: Held = { arrays: [], tokens: length }
        const kept = Array.from({ length: rowsIn(Math.min(slots, wanted), length) }, (_, row) => row)
        later(async () => {
          // Arrays are copied one by one, and each old one is freed at once. So the old and the new buffer never exist
          // whole together.
          for (let array = own.arrays.shift(); array !== undefined; array = own.arrays.shift()) {
            const larger = await memory.allocate(rowsIn(wanted, length))
            moved.arrays.push(larger)
            await memory.copy([array], [larger], kept, kept)
            memory.free(array)
          }
        })
        return bufferOn(moved, wanted, length, stride)
      },

      release() {
        later(() => {
          for (const array of own.arrays.splice(0)) memory.free(array)
        })
      },
    }
    held.set(buffer, own)
    return buffer
  }

  return {
    createBuffer,
    async contents(view) {
      const failure = await settled()
      if (failure !== undefined)
        throw new DeviceLost('the cache on the device is lost', { cause: failure.cause })
      const own = held.get(view)
      if (own?.arrays.length !== count) throw new TypeError('not a view of a cache on this device')
      return own
    },
  }
}
