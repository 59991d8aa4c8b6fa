import { type GraphIndex, indexGraph, sortNodes } from './graph.ts'
import {
  ATTRIBUTE_TYPE,
  type AttributeProto,
  DATA_TYPE,
  type Dimension,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type ValueInfoProto,
} from './schema.ts'

/** A graph during a rewrite. Look-ups see it as it was, and new nodes go to its end. */
export type Draft = {
  readonly graph: GraphProto
  readonly index: GraphIndex
  /** Adds a node that makes one tensor. @returns the tensor's name, which is `wanted` where that is free. */
  add(wanted: string, op: Op, inputs: readonly string[], attributes?: Record<string, number>): string
  /** Adds a tensor of 64-bit integers; without `dims` a vector. @returns its name. */
  ints(wanted: string, values: readonly number[], dims?: readonly number[]): string
  /** Puts the nodes in an order that ONNX takes. */
  finish(): void
}

/** An operator: a name of ONNX's own, or one of ONNX Runtime's with its domain before a colon. */
export type Op = string

export function draftOf(graph: GraphProto): Draft {
  const index = indexGraph(graph)
  const added = new Set<string>()
  const free = (wanted: string) => {
    let name = wanted
    for (let n = 1; added.has(name) || index.has(name); n++) name = `${wanted}.${n}`
    added.add(name)
    return name
  }
  return {
    graph,
    index,
    add(wanted, op, inputs, attributes = {}) {
      const output = free(wanted)
      graph.node = [...graph.node, newNode(op, inputs, [output], attributes)]
      return output
    },
    ints(wanted, values, dims = [values.length]) {
      const name = free(wanted)
      const tensor = { name, dims: [...dims], data_type: DATA_TYPE.int64, int64_data: [...values] }
      graph.initializer = [...graph.initializer, tensor]
      return name
    },
    finish() {
      graph.node = sortNodes(graph.node)
    },
  }
}

/** A node with integer attributes. It has no name, since ONNX Runtime refuses two of one name. */
export function newNode(
  op: Op,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Record<string, number> = {},
): NodeProto {
  const [op_type = '', domain = ''] = op.split(':').reverse()
  const attribute = Object.entries(attributes).map(
    ([name, i]): AttributeProto => ({ name, i, type: ATTRIBUTE_TYPE.int }),
  )
  return { input: [...inputs], output: [...outputs], op_type, domain, attribute }
}

/** An input or output of a graph. A dimension is a number, or a name where it varies. */
export function valueInfo(
  name: string,
  elementType: number,
  dims: readonly (number | string)[],
): ValueInfoProto {
  const dim = dims.map(
    (size): Dimension => (typeof size === 'number' ? { dim_value: size } : { dim_param: size }),
  )
  return { name, type: { tensor_type: { elem_type: elementType, shape: { dim } } } }
}

/**
 * A model of one graph, for the `version` of ONNX's own operators. Where nodes are ONNX Runtime's, it names theirs, too.
 */
export function newModel(version: number, graph: GraphProto): ModelProto {
  const opset_import = [
    { domain: '', version },
    ...(usesOthers(graph) ? [{ domain: OTHERS, version: 1 }] : []),
  ]
  return { ir_version: 8, producer_name: 'twohop', opset_import, graph }
}

const OTHERS = 'com.microsoft'
const usesOthers = ({ node }: GraphProto) => node.some(({ domain }) => domain === OTHERS)
