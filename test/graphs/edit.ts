import { newNode, type Op } from '../../inference-host/onnx/draft.ts'
import {
  ATTRIBUTE_TYPE,
  DATA_TYPE,
  type ModelProto,
  type NodeProto,
  type TensorProto,
} from '../../inference-host/onnx/schema.ts'

/** Numbers in [-1, 1) that are the same in every run (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 31 - 1
  }
}

export function floatTensor(name: string, dims: readonly number[], values: ArrayLike<number>): TensorProto {
  const raw_data = new Uint8Array(Float32Array.from(values).buffer)
  return { name, dims: [...dims], data_type: DATA_TYPE.float32, raw_data }
}

/** Nodes and constants that a test's graph is made of. Tensors are named after what makes them. */
export type Builder = {
  nodes: NodeProto[]
  weights: TensorProto[]
  /** Adds a node with one output. @returns the output's name. */
  op(output: string, op: Op, inputs: readonly string[], attributes?: Attributes): string
  ints(name: string, values: readonly number[], dims?: readonly number[]): string
  floats(name: string, dims: readonly number[], values: ArrayLike<number>): string
}

/** Integers, lists of them, or one float as `{ float }`. */
export type Attributes = Record<string, number | readonly number[] | { float: number }>

export function builder(): Builder {
  const nodes: NodeProto[] = []
  const weights: TensorProto[] = []
  return {
    nodes,
    weights,
    op(output, op, inputs, attributes = {}) {
      const node = newNode(op, inputs, [output])
      node.attribute = Object.entries(attributes).map(([name, value]) => {
        if (typeof value === 'number') return { name, i: value, type: ATTRIBUTE_TYPE.int }
        return 'float' in value
          ? { name, f: value.float, type: ATTRIBUTE_TYPE.float }
          : { name, ints: [...value], type: ATTRIBUTE_TYPE.ints }
      })
      nodes.push(node)
      return output
    },
    ints(name, values, dims = [values.length]) {
      weights.push({ name, dims: [...dims], data_type: DATA_TYPE.int64, int64_data: [...values] })
      return name
    },
    floats(name, dims, values) {
      weights.push(floatTensor(name, dims, values))
      return name
    },
  }
}

/** The attention nodes of an export, in order. */
export function attentions(model: ModelProto): NodeProto[] {
  return model.graph.node.filter(({ op_type }) => op_type === 'GroupQueryAttention')
}

/** Puts other nodes where a node stands. */
export function replaceNode(model: ModelProto, old: NodeProto, nodes: readonly NodeProto[]): void {
  model.graph.node = model.graph.node.flatMap((node) => (node === old ? nodes : [node]))
}

export function addWeights(model: ModelProto, weights: readonly TensorProto[]): void {
  model.graph.initializer = [...model.graph.initializer, ...weights]
}
