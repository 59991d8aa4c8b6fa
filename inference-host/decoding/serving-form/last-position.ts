import { type Draft, newNode } from '../../onnx/draft.ts'
import { attribute, dimsOf, type GraphIndex, intAttribute, intsOf, label } from '../../onnx/graph.ts'
import type { NodeProto } from '../../onnx/schema.ts'
import { Unsupported } from '../../onnx/unsupported.ts'

/** Operators that compute each element by itself. */
const ELEMENTWISE = new Set([
  'Add',
  'Sub',
  'Mul',
  'Div',
  'Min',
  'Max',
  'Cast',
  'Identity',
  'Tanh',
  'Sigmoid',
  'Neg',
  'Clip',
])

/** Operators that multiply each position's row with a weight: the head is one of them. */
const ROW_TIMES_WEIGHT = new Set(['MatMul', 'MatMulNBits', 'MatMulBnb4', 'MatMulFpQ4'])

/** Longer than any sequence; Slice stops at the end. */
const PAST_THE_END = 2 ** 31 - 1

const REDUCTIONS = new Set(['ReduceSum', 'ReduceMean', 'ReduceMax', 'ReduceMin'])

/**
 * Makes the export give logits for the last position only. It walks back from `logits` to the hidden state, the one
 * tensor that they come from: through operators that treat each position by itself (casts, a soft cap, a correction
 * beside a quantized product), and over the product with the head's weight. There a Slice leaves the last two
 * positions, and behind the head a Gather takes the last. Two are left because kernels for a single row add up in
 * another order than those for more: one row of a longer call would not be equal to the last bit. A call with one new
 * token has one row anyhow.
 * @throws Unsupported where the walk meets an operator that it does not know before it has passed the head.
 */
export function keepLastPosition(draft: Draft): void {
  const { index, graph } = draft
  const place = new Map(graph.node.map((node, i) => [node, i]))
  const passed = new Set<NodeProto>()
  let open = new Set(['logits'])
  let hidden: string | undefined
  while (hidden === undefined) {
    const makers = [...open].flatMap((tensor) => index.producer(tensor) ?? [])
    const node = makers.sort((a, b) => (place.get(b) ?? 0) - (place.get(a) ?? 0))[0]
    const from = node && rowwiseInputs(node, index)
    if (node === undefined || from === undefined)
      throw new Unsupported(
        `the head cannot be told from the layers: ${node ? label(node) : 'logits'} is in between`,
      )
    passed.add(node)
    open = new Set([...[...open].filter((tensor) => !node.output.includes(tensor)), ...from])
    const [only] = open
    if (open.size === 1 && [...passed].some(isHead)) hidden = only
  }
  takeLast(draft, hidden, passed)
}

function isHead(node: NodeProto): boolean {
  return ROW_TIMES_WEIGHT.has(node.op_type)
}

const KEPT_POSITIONS = 2

function takeLast(draft: Draft, hidden: string, head: ReadonlySet<NodeProto>): void {
  const { add, index, ints } = draft
  const inside = [...head].flatMap(({ output }) => output)
  for (const tensor of inside)
    for (const node of index.consumers(tensor))
      if (!head.has(node)) throw new Unsupported(`${label(node)} reads from within the head`)
  if (takesLast(index.producer(hidden), index)) return
  const range = [ints('serving.kept_from', [-KEPT_POSITIONS]), ints('serving.kept_to', [PAST_THE_END])]
  const kept = add('serving.last_hidden', 'Slice', [hidden, ...range, ints('serving.kept_axis', [1])])
  for (const node of head) {
    node.input = node.input.map((name) => (name === hidden ? kept : name))
    node.output = node.output.map((name) => (name === 'logits' ? 'serving.kept_logits' : name))
  }
  const last = ints('serving.last_index', [-1])
  draft.graph.node = [
    ...draft.graph.node,
    newNode('Gather', ['serving.kept_logits', last], ['logits'], { axis: 1 }),
  ]
}

function takesLast(node: NodeProto | undefined, index: GraphIndex): boolean {
  if (node?.op_type !== 'Gather' || intAttribute(node, 'axis', 0) !== 1) return false
  const which = intConstant(node.input[1], index)
  return which?.length === 1 && which[0] === -1
}

/** The varying inputs of an operator that treats positions one by one. Undefined for any other operator. */
function rowwiseInputs(node: NodeProto, index: GraphIndex): string[] | undefined {
  const vary = node.input.filter((name) => name !== '' && !index.isConstant(name))
  const [data = '', second] = node.input
  if (ELEMENTWISE.has(node.op_type))
    return node.input.every((name) => vary.includes(name) || isOneRow(name, index)) ? vary : undefined
  if (vary.length !== 1 || vary[0] !== data) return undefined
  if (ROW_TIMES_WEIGHT.has(node.op_type)) return vary
  if (node.op_type === 'Reshape') return keepsPositions(intConstant(second, index)) ? vary : undefined
  if (REDUCTIONS.has(node.op_type)) {
    const axes = attribute(node, 'axes')?.ints?.map(Number) ?? intConstant(second, index)
    return axes?.length && axes.every((axis) => axis === -1 || axis > 1) ? vary : undefined
  }
  return undefined
}

/** Whether a constant is the same for each position: a scalar or one row. */
function isOneRow(tensor: string, index: GraphIndex): boolean {
  const constant = index.constant(tensor)
  return (
    constant !== undefined &&
    dimsOf(constant)
      .slice(0, -1)
      .every((size) => size === 1)
  )
}

/** Whether a Reshape to these sizes leaves batch and position alone (0: as it is). */
function keepsPositions(sizes: readonly number[] | undefined): boolean {
  const [batch, position, ...rest] = sizes ?? []
  return batch === 0 && (position === 0 || (position === -1 && rest.every((size) => size > 0)))
}

function intConstant(tensor: string | undefined, index: GraphIndex): number[] | undefined {
  const constant = tensor === undefined ? undefined : index.constant(tensor)
  return constant && intsOf(constant)
}
