import { dimsOf, intAttribute } from '../../inference-host/onnx/graph.ts'
import { DATA_TYPE, type ModelProto } from '../../inference-host/onnx/schema.ts'
import { addWeights, attentions, builder, replaceNode, seeded } from './edit.ts'

/** Gives the attention operator queries, keys and values as one tensor, in place, as packed exports have it. */
export function packQkv(model: ModelProto): void {
  for (const node of attentions(model)) {
    const { op, nodes } = builder()
    const packed = op(`${node.output[0]}.packed`, 'Concat', node.input.slice(0, 3), { axis: -1 })
    replaceNode(model, node, [...nodes, { ...node, input: [packed, '', '', ...node.input.slice(3)] }])
  }
}

/** Normalizes queries and keys head by head before the operator, in place, as exports of Qwen 3 do. */
export function normalizeQk(model: ModelProto): void {
  for (const node of attentions(model)) {
    const { op, ints, floats, nodes, weights } = builder()
    const dim = headDim(model)
    const next = seeded(11)
    const normed = (place: number, heads: number) => {
      const tensor = node.input[place] ?? ''
      const name = (part: string) => `${tensor}.qk_norm.${part}`
      const weight = floats(
        name('weight'),
        [dim],
        Array.from({ length: dim }, () => 1 + next() / 4),
      )
      const parted = op(name('parted'), 'Reshape', [tensor, ints(name('heads'), [0, 0, heads, dim])])
      const even = op(name('even'), 'SimplifiedLayerNormalization', [parted, weight], {
        axis: -1,
        epsilon: { float: 1e-6 },
        stash_type: 1,
      })
      return op(name('joined'), 'Reshape', [even, ints(name('flat'), [0, 0, heads * dim])])
    }
    const query = normed(0, intAttribute(node, 'num_heads', 0))
    const key = normed(1, intAttribute(node, 'kv_num_heads', 0))
    replaceNode(model, node, [...nodes, { ...node, input: [query, key, ...node.input.slice(2)] }])
    addWeights(model, weights)
  }
}

/** Hands the operator itself weights to normalize queries and keys with, in place (ONNX Runtime's inputs 14, 15). */
export function normalizeQkInside(model: ModelProto): void {
  const { floats, weights } = builder()
  const dim = headDim(model)
  const names = ['q', 'k'].map((part) => floats(`${part}_norm_weight`, [dim], Array(dim).fill(1)))
  for (const node of attentions(model))
    node.input = [...node.input, ...Array(14 - node.input.length).fill(''), ...names]
  addWeights(model, weights)
}

/** Moves the weights to a file of their own, in place. @returns what belongs into that file. */
export function moveWeightsOut(model: ModelProto, location: string): Uint8Array {
  const moved: Uint8Array[] = []
  let offset = 0
  for (const tensor of model.graph.initializer) {
    const { raw_data: raw } = tensor
    if (raw === undefined || raw.byteLength < 1024) continue
    const place = { location, offset, length: raw.byteLength }
    tensor.external_data = Object.entries(place).map(([key, value]) => ({ key, value: String(value) }))
    tensor.data_location = 1
    delete tensor.raw_data
    moved.push(raw)
    offset += raw.byteLength
  }
  return Buffer.concat(moved)
}

/** Gives every weight, and what goes in and out, 16-bit floats, in place. */
export function toFloat16(model: ModelProto): void {
  for (const tensor of model.graph.initializer) {
    if (tensor.data_type !== DATA_TYPE.float32 || tensor.raw_data === undefined) continue
    const { buffer, byteOffset, byteLength } = tensor.raw_data
    tensor.raw_data = new Uint8Array(
      Float16Array.from(new Float32Array(buffer, byteOffset, byteLength / 4)).buffer,
    )
    tensor.data_type = DATA_TYPE.float16
  }
  for (const { type } of [...model.graph.input, ...model.graph.output])
    if (type?.tensor_type?.elem_type === DATA_TYPE.float32) type.tensor_type.elem_type = DATA_TYPE.float16
}

function headDim(model: ModelProto): number {
  const cache = model.graph.input.find(({ name }) => name === 'past_key_values.0.key')
  const dims = (cache?.type?.tensor_type?.shape?.dim ?? []).map(({ dim_value }) => dim_value ?? 0)
  return dimsOf({ dims })[3] ?? 0
}
