import { isExternal, rawBytes } from './file.ts'
import type { AttributeProto, GraphProto, Int64, NodeProto, TensorProto } from './schema.ts'
import { Unsupported } from './unsupported.ts'

/** Look-ups in a graph as it was when it was indexed. Tensors are known by their names, as in ONNX. */
export type GraphIndex = {
  /** The node that makes a tensor; undefined for inputs and initializers. */
  producer(tensor: string): NodeProto | undefined
  /** The nodes that read a tensor, those that read it inside a branch or loop body included. */
  consumers(tensor: string): readonly NodeProto[]
  /** The values of an initializer or a Constant node. */
  constant(tensor: string): TensorProto | undefined
  /** Whether a tensor follows from initializers and constants alone. */
  isConstant(tensor: string): boolean
  /** Whether a name is taken by any tensor of the graph. */
  has(tensor: string): boolean
}

export function indexGraph(graph: GraphProto): GraphIndex {
  const producers = new Map<string, NodeProto>()
  const readers = new Map<string, NodeProto[]>()
  for (const node of graph.node) {
    for (const output of node.output) if (output !== '') producers.set(output, node)
    for (const input of inputsOf(node)) {
      const nodes = readers.get(input)
      if (nodes) nodes.push(node)
      else readers.set(input, [node])
    }
  }
  const inputs = new Set(graph.input.map(({ name }) => name))
  const initializers = new Map(graph.initializer.map((tensor) => [tensor.name ?? '', tensor]))
  // ONNX wants nodes sorted, so that one pass finds what follows from constants.
  const constants = new Set(initializers.keys())
  for (const node of graph.node)
    if (inputsOf(node).every((name) => constants.has(name)))
      for (const name of node.output) constants.add(name)

  return {
    producer: (tensor) => producers.get(tensor),
    consumers: (tensor) => readers.get(tensor) ?? [],
    isConstant: (tensor) => constants.has(tensor),
    constant(tensor) {
      const node = producers.get(tensor)
      if (node?.op_type === 'Constant') return attribute(node, 'value')?.t
      if (node?.op_type === 'Identity') return this.constant(node.input[0] ?? '')
      return initializers.get(tensor)
    },
    has: (tensor) => producers.has(tensor) || initializers.has(tensor) || inputs.has(tensor),
  }
}

/**
 * Every use of some tensors, and of what nodes make of them that `passes` lets on.
 * @param tensors grows by what is made of them; a node that reads several of them comes once for each
 */
export function* usesOf(
  index: GraphIndex,
  tensors: Set<string>,
  passes: (node: NodeProto, tensor: string) => boolean,
): Generator<{ node: NodeProto; tensor: string }> {
  for (const tensor of tensors)
    for (const node of index.consumers(tensor)) {
      yield { node, tensor }
      if (passes(node, tensor)) for (const name of node.output) tensors.add(name)
    }
}

/** What a node reads, once each: its own inputs and what its branches and loop bodies take from outside. */
function inputsOf(node: NodeProto): string[] {
  const names = new Set(node.input.filter((name) => name !== ''))
  for (const { g, graphs = [] } of node.attribute ?? [])
    for (const body of g ? [g, ...graphs] : graphs) for (const name of captures(body)) names.add(name)
  return [...names]
}

function captures(body: GraphProto): string[] {
  const own = new Set([
    ...body.input.map(({ name }) => name),
    ...body.initializer.map(({ name }) => name),
    ...body.node.flatMap(({ output }) => output),
  ])
  const read = [...body.node.flatMap(inputsOf), ...body.output.map(({ name }) => name)]
  return read.filter((name) => !own.has(name))
}

export function attribute(node: NodeProto, name: string): AttributeProto | undefined {
  return node.attribute?.find((entry) => entry.name === name)
}

/** An integer attribute, or what the operator takes for it where it is not set. */
export function intAttribute(node: NodeProto, name: string, otherwise: number): number {
  const i = attribute(node, name)?.i
  return i === undefined ? otherwise : Number(i)
}

/** A node's name for messages: its own, or what it makes. */
export function label(node: NodeProto): string {
  return `${node.op_type} (${node.name || node.output.find((name) => name !== '') || 'unnamed'})`
}

/** The nodes ordered so that each comes after those it reads from, otherwise in the order they have. */
export function sortNodes(nodes: readonly NodeProto[]): NodeProto[] {
  const makers = new Map(nodes.flatMap((node) => node.output.map((name) => [name, node] as const)))
  const sorted: NodeProto[] = []
  const state = new Map<NodeProto, 'open' | 'done'>()
  for (const root of nodes) {
    const stack = [root]
    for (let node = stack.at(-1); node !== undefined; node = stack.at(-1)) {
      const missing = sourcesOf(node, makers).filter((source) => state.get(source) !== 'done')
      if (state.get(node) === 'done') stack.pop()
      else if (missing.length === 0) {
        state.set(node, 'done')
        sorted.push(node)
        stack.pop()
      } else if (state.get(node) === 'open') throw new Unsupported(`${label(node)} reads what it makes`)
      else {
        state.set(node, 'open')
        stack.push(...missing.reverse())
      }
    }
  }
  return sorted
}

function sourcesOf(node: NodeProto, makers: ReadonlyMap<string, NodeProto>): NodeProto[] {
  return inputsOf(node).flatMap((name) => makers.get(name) ?? [])
}

/** The shape of a tensor in numbers. */
export function dimsOf(tensor: TensorProto): number[] {
  return (tensor.dims ?? []).map(Number)
}

const INT32 = 6
const INT64 = 7

/** The values of a tensor of 32 or 64 bit integers; undefined where it is of another type or lies in another file. */
export function intsOf(tensor: TensorProto): number[] | undefined {
  if (isExternal(tensor) || (tensor.data_type !== INT32 && tensor.data_type !== INT64)) return undefined
  const wide = tensor.data_type === INT64
  const raw = rawBytes(tensor)
  if (raw === undefined)
    return ((wide ? tensor.int64_data : tensor.int32_data) ?? []).map((value: Int64) => Number(value))
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength)
  return Array.from({ length: raw.byteLength / (wide ? 8 : 4) }, (_, i) =>
    wide ? Number(view.getBigInt64(8 * i, true)) : view.getInt32(4 * i, true),
  )
}
