import { InferenceSession, Tensor } from 'onnxruntime-node'
import { newModel, newNode, valueInfo } from '../../onnx/draft.ts'
import { encodeOnnx } from '../../onnx/file.ts'
import { named } from '../../onnx/named.ts'
import { DATA_TYPE, type GraphProto } from '../../onnx/schema.ts'
import { at } from '../../platform/at.ts'
import type { DeviceMemory } from './device-buffers.ts'
import type { DecoderShape } from './shape.ts'

/**
 * Memory of a WebGPU device, by way of two little graphs: one makes arrays, one copies rows between them.
 * onnxruntime-node 1.30 has no other access to it (its `Tensor.download` on a GPU buffer says "not implemented").
 * @param grain Tokens in a row.
 * @throws Error where the device is not there
 */
export async function openDeviceMemory(
  device: string,
  { kvType, headDim, layers }: DecoderShape,
  grain: number,
): Promise<DeviceMemory<Tensor> & { close(): Promise<void> }> {
  const width = grain * headDim
  const type = DATA_TYPE[kvType]
  const options = { executionProviders: [device], logSeverityLevel: 4 } as const
  const [zeros, copyOne, copyAll] = await Promise.all([
    InferenceSession.create(zerosGraph(type), { ...options, preferredOutputLocation: 'gpu-buffer' }),
    InferenceSession.create(copyGraph(type, 1), options),
    InferenceSession.create(copyGraph(type, 2 * layers), options),
  ])

  return {
    async allocate(rows) {
      return named(await zeros.run({ shape: int64([rows, width], [2]) }), 'zeros')
    },
    async copy(sources, targets, from, to) {
      const feeds: Record<string, Tensor> = {
        from: int64(from, [from.length]),
        to: int64(to, [to.length, 1]),
      }
      const fetches: Record<string, Tensor> = {}
      for (const [i, target] of targets.entries()) {
        feeds[`source.${i}`] = at(sources, i)
        feeds[`target.${i}`] = target
        // The same buffer as the target: so ScatterND writes in place.
        fetches[`copied.${i}`] = target
      }
      const copied = await (targets.length === 1 ? copyOne : copyAll).run(feeds, fetches)
      for (const tensor of Object.values(copied)) tensor.dispose()
    },
    free: (array) => array.dispose(),
    async close() {
      for (const session of [zeros, copyOne, copyAll]) await session.release()
    },
  }
}

function int64(values: readonly number[], dims: readonly number[]): Tensor {
  return new Tensor('int64', BigInt64Array.from(values, BigInt), dims)
}

/** An array of zeros, [rows, width]. */
function zerosGraph(type: number): Uint8Array {
  const zero = { name: 'zero', dims: [1], data_type: type, raw_data: new Uint8Array(bytesOf(type)) }
  return model({
    node: [newNode('Expand', ['zero', 'shape'], ['zeros'])],
    initializer: [zero],
    input: [valueInfo('shape', DATA_TYPE.int64, [2])],
    output: [valueInfo('zeros', type, ['rows', 'width'])],
  })
}

/** Copies rows `from` of each source to rows `to` of its target. */
function copyGraph(type: number, count: number): Uint8Array {
  const each = Array.from({ length: count }, (_, i) => i)
  const array = (name: string, rows: string) => valueInfo(name, type, [rows, 'width'])
  return model({
    node: each.flatMap((i) => [
      newNode('Gather', [`source.${i}`, 'from'], [`rows.${i}`]),
      newNode('ScatterND', [`target.${i}`, 'to', `rows.${i}`], [`copied.${i}`]),
    ]),
    initializer: [],
    input: [
      valueInfo('from', DATA_TYPE.int64, ['count']),
      valueInfo('to', DATA_TYPE.int64, ['count', 1]),
      ...each.flatMap((i) => [array(`source.${i}`, 'source_rows'), array(`target.${i}`, 'target_rows')]),
    ],
    output: each.map((i) => array(`copied.${i}`, 'target_rows')),
  })
}

const bytesOf = (type: number) => (type === DATA_TYPE.float16 ? 2 : 4)

function model(graph: Omit<GraphProto, 'name' | 'value_info'>): Uint8Array {
  return encodeOnnx(newModel(18, { name: 'cache', value_info: [], ...graph }))
}
