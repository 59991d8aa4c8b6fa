import { type InferenceSession, Tensor } from 'onnxruntime-node'
import { float16Tensor } from '../../onnx/float16.ts'
import { cacheNames, createCallFeeds } from './call-feeds.ts'
import type { Decoder } from './decoder.ts'
import type { DecoderShape, KvArray, KvView } from './shape.ts'

/**
 * A decoder on an onnxruntime session of a model in its serving form, its cache in this process's memory. On a GPU
 * the cache is copied there with each call.
 */
export function createOrtDecoder(session: Pick<InferenceSession, 'run'>, shape: DecoderShape): Decoder {
  const { kvHeads, headDim } = shape
  const names = cacheNames(shape)
  const callFeeds = createCallFeeds(shape)
  const tensors = new WeakMap<KvView, Record<string, Tensor>>()

  /** The cache as tensors; a view is the same object from step to step, so that they are mostly there. */
  function cacheFeeds(view: KvView): Record<string, Tensor> {
    const known = tensors.get(view)
    if (known !== undefined) return known
    const dims = [view.rows, kvHeads, view.stride, headDim]
    const feeds = Object.fromEntries(
      names.map((name, i) => [`past_key_values.${name}`, cacheTensor(view.arrays[i] as KvArray, dims)]),
    )
    tensors.set(view, feeds)
    return feeds
  }

  return {
    shape,
    async run(call) {
      const outputs = await session.run({ ...cacheFeeds(call.cache), ...callFeeds(call) })
      return {
        logits: dataOf(outputs, 'logits') as Float32Array,
        fresh: names.map((name) => bits(dataOf(outputs, `new.${name}`))),
      }
    },
  }
}

function cacheTensor(array: KvArray, dims: number[]): Tensor {
  return array instanceof Float32Array ? new Tensor('float32', array, dims) : float16Tensor(array, dims)
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
