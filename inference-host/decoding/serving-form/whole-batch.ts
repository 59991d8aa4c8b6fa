import {
  attribute,
  dimsOf,
  type GraphIndex,
  indexGraph,
  intAttribute,
  intsOf,
  label,
  usesOf,
} from '../../onnx/graph.ts'
import type { GraphProto, NodeProto } from '../../onnx/schema.ts'
import { Unsupported } from '../../onnx/unsupported.ts'

/** Operators that scale by the largest value in the whole batch. */
const SCALES_BY_BATCH = new Set(['DynamicQuantizeLinear', 'DynamicQuantizeMatMul', 'DynamicQuantizeLSTM'])

/** What leaves positions to be positions, one for each token of each slot. */
const KEEPS_POSITIONS = new Set([
  'Add',
  'Cast',
  'Expand',
  'Identity',
  'Reshape',
  'Squeeze',
  'Sub',
  'Unsqueeze',
])

/** What takes some of its first input: of positions the last ones, say. */
const TAKES_SOME = new Set(['Gather', 'Slice'])

/**
 * Refuses exports in which slots would change one another's answers: they compute something from the whole batch.
 * @throws Unsupported, in words
 */
export function refuseWholeBatch(graph: GraphProto): void {
  const node = graph.node.find(({ op_type }) => SCALES_BY_BATCH.has(op_type))
  if (node !== undefined)
    throw new Unsupported(
      `${label(node)} scales by the largest value of the whole batch, so that slots would change one another's answers`,
    )
  refuseLargestPosition(graph)
  refuseReducedSlots(graph)
}

/**
 * Exports of Phi 3.5 and Phi 4 for some devices choose the rotary table of all rows by the largest position among them
 * (`make_position_ids_reformatting`,
 * https://github.com/microsoft/onnxruntime-genai/blob/main/src/python/py/models/builders/phi.py).
 */
function refuseLargestPosition(graph: GraphProto): void {
  const index = indexGraph(graph)
  const keeps = ({ op_type, input }: NodeProto, tensor: string) =>
    KEEPS_POSITIONS.has(op_type) || (TAKES_SOME.has(op_type) && input[0] === tensor)
  for (const { node } of usesOf(index, new Set(['position_ids']), keeps))
    if (node.op_type.startsWith('Reduce'))
      throw new Unsupported(
        `${label(node)} goes by the positions of the whole batch, so that slots would change one another's answers`,
      )
}

/** What says how large a tensor is, and nothing of what is in it. */
const SIZES_ONLY = new Set(['Shape', 'Size'])

/**
 * DynamicQuantizeLinear written in other operators scales by the largest value of all slots, too. Slots are the first dimension of
 * everything that is made of the inputs.
 */
function refuseReducedSlots(graph: GraphProto): void {
  const index = indexGraph(graph)
  const made = new Set(graph.input.map(({ name = '' }) => name))
  for (const { node, tensor } of usesOf(index, made, ({ op_type }) => !SIZES_ONLY.has(op_type)))
    if (node.op_type.startsWith('Reduce') && node.input[0] === tensor && reducesSlots(node, index))
      throw new Unsupported(
        `${label(node)} puts together the slots of the whole batch, so that slots would change one another's answers`,
      )
}

/** Whether a Reduce goes over all dimensions, or over the first. Axes are an attribute or, of newer operators, an input. */
function reducesSlots(node: NodeProto, index: GraphIndex): boolean {
  const given = node.input[1]
  const constant = given ? index.constant(given) : undefined
  const axes = constant ? intsOf(constant) : attribute(node, 'axes')?.ints?.map(Number)
  if (given && !constant) return false
  if (constant && dimsOf(constant)[0] === 0) return intAttribute(node, 'noop_with_empty_axes', 0) === 0
  return axes === undefined || axes.length === 0
    ? intAttribute(node, 'noop_with_empty_axes', 0) === 0
    : axes.includes(0)
}
