import type { InferenceSession, Tensor } from 'onnxruntime-node'
import { floatsOf, floatTensor, storedFloats } from '../../onnx/floats.ts'
import { named } from '../../onnx/named.ts'
import { at } from '../../platform/at.ts'
import { cacheNames, createCallFeeds } from './call-feeds.ts'
import type { Decoder } from './decoder.ts'
import type { DecoderShape, KvView } from './shape.ts'

/**
 * A decoder on an onnxruntime session of a model in its serving form, its cache in this process's memory. On a GPU
 * the cache is copied there with each call.
 */
export function createOrtDecoder(session: Pick<InferenceSession, 'run'>, shape: DecoderShape): Decoder {
  const { kvHeads, headDim } = shape
  const names = cacheNames(shape)
  const callFeeds = createCallFeeds(shape)
  const tensors = new WeakMap<KvView, Record<string, Tensor>>()

  /** The cache as tensors. They are mostly there already, because a view is the same object from step to step. */
  function cacheFeeds(view: KvView): Record<string, Tensor> {
    const known = tensors.get(view)
    if (known !== undefined) return known
    const dims = [view.rows, kvHeads, view.stride, headDim]
    const feeds = Object.fromEntries(
      names.map((name, i) => [`past_key_values.${name}`, floatTensor(at(view.arrays, i), dims)]),
    )
    tensors.set(view, feeds)
    return feeds
  }

  return {
    shape,
    async run(call) {
      const outputs = await session.run({ ...cacheFeeds(call.cache), ...callFeeds(call) })
      return {
        logits: floatsOf(named(outputs, 'logits')),
        fresh: names.map((name) => storedFloats(named(outputs, `new.${name}`))),
      }
    },
  }
}
