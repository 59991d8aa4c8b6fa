import { type InferenceSession, Tensor } from 'onnxruntime-node'
import { floatsOf } from '../../onnx/floats.ts'
import { at } from '../../platform/at.ts'
import { cacheNames, createCallFeeds } from './call-feeds.ts'
import type { Decoder } from './decoder.ts'
import { createDeviceBuffers, type DeviceMemory } from './device-buffers.ts'
import type { DecoderShape, KvView } from './shape.ts'

type Feeds = { feeds: Record<string, Tensor>; fetches: Record<string, Tensor | null> }

/**
 * A decoder with caches that stay on a WebGPU device. Each cache is fed as `past_key_values` and fetched as `present`,
 * the same buffer: GroupQueryAttention then appends to it in place, as in onnxruntime's generate library
 * (`past_present_share_buffer`). So no part of a cache crosses the bus. Only logits come back.
 *
 * This needs a session without `preferredOutputLocation`: with it, onnxruntime-node 1.30 binds outputs of its own and
 * leaves those that were asked for aside (js/node/src/inference_session_wrap.cc, "TODO: support preallocated output").
 * @param grain Tokens in a row of `memory`.
 */
export function createDeviceDecoder(
  session: Pick<InferenceSession, 'run'>,
  shape: DecoderShape,
  memory: DeviceMemory<Tensor>,
  grain: number,
): Decoder {
  const { kvHeads, headDim, kvType } = shape
  const names = cacheNames(shape)
  const callFeeds = createCallFeeds(shape)
  const buffers = createDeviceBuffers(memory, shape, grain)
  const known = new WeakMap<KvView, Feeds>()

  /** The first rows of the cache, in and out. Views stay the same object from step to step. */
  async function cacheFeeds(view: KvView): Promise<Feeds> {
    const { arrays, tokens } = await buffers.contents(view)
    const there = known.get(view)
    if (there !== undefined) return there
    const made: Feeds = { feeds: {}, fetches: { logits: null } }
    for (const [i, name] of names.entries()) {
      const { gpuBuffer } = at(arrays, i)
      const dims = [view.rows, kvHeads, tokens, headDim]
      const tensor = Tensor.fromGpuBuffer(gpuBuffer, { dataType: kvType, dims })
      made.feeds[`past_key_values.${name}`] = tensor
      made.fetches[`present.${name}`] = tensor
    }
    known.set(view, made)
    return made
  }

  return {
    shape,
    createBuffer: buffers.createBuffer,
    async run(call) {
      const { feeds, fetches } = await cacheFeeds(call.cache)
      const { logits, ...caches } = await session.run({ ...feeds, ...callFeeds(call) }, fetches)
      // These are only handles of the fetched buffers. The buffers themselves stay.
      for (const handle of Object.values(caches)) handle.dispose()
      if (logits === undefined) throw new Error('the model gives no logits: it is not in its serving form')
      return { logits: floatsOf(logits), fresh: [] }
    },
  }
}
