import type { Decoder } from '../../../inference-host/decoding/batching/decoder.ts'
import {
  createDeviceBuffers,
  type DeviceBuffers,
  type DeviceMemory,
} from '../../../inference-host/decoding/batching/device-buffers.ts'
import { createKvBuffer } from '../../../inference-host/decoding/batching/kv-buffer.ts'
import type { DecoderShape } from '../../../inference-host/decoding/batching/shape.ts'
import { createHashingDecoder, SHAPE } from './hashing-decoder.ts'

/** What unused memory holds: finite, as on a device, and never what a token has. */
const GARBAGE = 7777

/** Memory that is reached as a device's is: later, row by row, and not past its end. */
export function createFakeMemory(
  width: number,
): DeviceMemory<Float32Array> & { liveRows(): number; failNext(cause: Error): void } {
  const live = new Map<Float32Array, number>()
  let fault: Error | undefined
  const soon = async () => {
    await new Promise((resolve) => setImmediate(resolve))
    const cause = fault
    fault = undefined
    if (cause !== undefined) throw cause
  }
  const row = (array: Float32Array, at: number) => {
    if (at >= (live.get(array) ?? 0)) throw new Error(`row ${at} is not there`)
    return array.subarray(at * width, (at + 1) * width)
  }
  return {
    async allocate(rows) {
      await soon()
      const array = new Float32Array(rows * width).fill(GARBAGE)
      live.set(array, rows)
      return array
    },
    async copy(sources, targets, from, to) {
      await soon()
      for (const [i, target] of targets.entries()) {
        const taken = from.map((at) => row(sources[i] as Float32Array, at).slice())
        for (const [j, at] of to.entries()) row(target, at).set(taken[j] as Float32Array)
      }
    },
    free(array) {
      if (!live.delete(array)) throw new Error('freed twice')
    },
    liveRows: () => [...live.values()].reduce((sum, rows) => sum + rows, 0),
    failNext(cause) {
      fault = cause
    },
  }
}

/** The hashing decoder with its caches on a device, which it appends to itself. */
export function createDeviceHashingDecoder(
  hooks: Parameters<typeof createHashingDecoder>[0],
  grain: number,
): Decoder & { liveBytes(): Promise<number> } {
  const shape: DecoderShape = { ...SHAPE, newLayout: 'in-place' }
  const memory = createFakeMemory(grain * shape.headDim)
  const buffers: DeviceBuffers<Float32Array> = createDeviceBuffers(memory, shape, grain)
  const inner = createHashingDecoder(hooks)
  return {
    shape,
    createBuffer: buffers.createBuffer,
    async liveBytes() {
      // Once this one is there, everything that was asked for before has been done.
      const last = buffers.createBuffer(1, grain)
      await buffers.contents(last.view(1))
      return memory.liveRows() * grain * shape.headDim * Float32Array.BYTES_PER_ELEMENT - last.bytes
    },
    async run(call) {
      const { rows, stride } = call.cache
      for (const length of call.lengths)
        if (length + call.columns > stride) throw new Error(`a mask of ${stride} hides new tokens`)
      const { arrays, tokens } = await buffers.contents(call.cache)
      const size = rows * shape.kvHeads * tokens * shape.headDim
      const parts = arrays.map((array) => array.subarray(0, size))
      const { logits, fresh } = await inner.run({ ...call, cache: { arrays: parts, rows, stride: tokens } })
      createKvBuffer(SHAPE, rows, tokens, tokens, parts).append(fresh, call.columns, call.lengths)
      return { logits, fresh: [] }
    },
  }
}
