import { type Draft, valueInfo } from '../../onnx/draft.ts'
import { type GraphIndex, intAttribute, intsOf, label, usesOf } from '../../onnx/graph.ts'
import { DATA_TYPE, type NodeProto, type ValueInfoProto } from '../../onnx/schema.ts'
import { Unsupported } from '../../onnx/unsupported.ts'
import { widenCausalTables } from './causal-table.ts'
import { type DecoderInterface, newName, pastName } from './interface.ts'

const COMPARISONS = new Set(['Less', 'LessOrEqual', 'Greater', 'GreaterOrEqual', 'Sub', 'Add'])

/**
 * Outputs of the serving form of an export that spells attention out in plain operators (Optimum's way). They are the
 * tensors concatenated to the cache. Only the outputs have to change. The causal mask comes from shapes: the past is as
 * long as the cache that is fed, and new tokens come after all of it. So with a padded buffer every cached column stays
 * visible, and the new ones stay causal. The attention mask hides the unused columns, slot by slot, and `position_ids`
 * say where each slot is.
 * @throws Unsupported, in words, for what it does not know.
 */
export function newKeysOfSpelledOut(draft: Draft, face: DecoderInterface): ValueInfoProto[] {
  const { index, graph } = draft
  if (!face.hasPositionIds || index.consumers('position_ids').length === 0)
    throw new Unsupported('it has no position_ids, so that slots cannot differ in length')
  if (index.consumers('attention_mask').length === 0)
    throw new Unsupported('it does not use the attention mask')
  if (face.kvType !== 'float32')
    throw new Unsupported('spelled-out attention in float16 cannot be verified to 1e-3, and is no exact form')
  refuseBranches(graph.node, index)
  refuseWindows(graph.node, index)
  widenCausalTables(draft)
  return Array.from({ length: face.layers }, (_, layer) =>
    (['key', 'value'] as const).map((part) => {
      const name = newName(layer, part)
      const made = draft.add(name, 'Identity', [concatenatedTo(pastName(layer, part), index)])
      if (made !== name) throw new Unsupported(`it has a tensor ${name} already`)
      return valueInfo(name, DATA_TYPE[face.kvType], ['slots', face.kvHeads, 'new_length', face.headDim])
    }),
  ).flat()
}

/** The tensor that a Concat along the sequence puts after a cache. Only the cache's shape may be used elsewhere. */
function concatenatedTo(past: string, index: GraphIndex): string {
  const readers = index.consumers(past).filter(({ op_type }) => op_type !== 'Shape')
  const [concat] = readers
  const other = readers.find((node) => node !== concat || node.op_type !== 'Concat')
  if (concat === undefined || other !== undefined)
    throw new Unsupported(
      `${past} is read by ${other ? label(other) : 'nothing'}, which is no known attention`,
    )
  const [first, added, ...more] = concat.input
  const axis = intAttribute(concat, 'axis', 0)
  if (first !== past || !added || more.length > 0 || (axis !== 2 && axis !== -2))
    throw new Unsupported(`${label(concat)} does not put new tokens after ${past}`)
  return added
}

/** What chooses between branches, such as rotary tables for short and long texts, would see the buffer's length. */
function refuseBranches(nodes: readonly NodeProto[], index: GraphIndex): void {
  const branch = nodes.find(({ op_type, input }) => op_type === 'If' && !index.isConstant(input[0] ?? ''))
  if (branch !== undefined)
    throw new Unsupported(`${label(branch)} may choose by the length of a text, which a padded cache hides`)
}

/** Through these a constant keeps its numbers. */
const SAME_NUMBERS = new Set(['Cast', 'CastLike', 'Expand', 'Neg', 'Reshape', 'Squeeze', 'Tile', 'Unsqueeze'])

/** The numbers of a constant, also where it is of another type or shape by now; none of what else a tensor is. */
function numbersOf(tensor: string, index: GraphIndex): number[] {
  const constant = index.constant(tensor)
  if (constant) return intsOf(constant) ?? []
  const maker = index.producer(tensor)
  return maker && SAME_NUMBERS.has(maker.op_type) ? numbersOf(maker.input[0] ?? '', index) : []
}

/** Of their first input these leave numbers of columns what they are, and of any the others do. */
const KEEPS_FIRST = new Set([
  ...['Abs', 'Cast', 'Gather', 'Identity', 'Neg', 'Slice'],
  ...['Expand', 'Reshape', 'Squeeze', 'Tile', 'Transpose', 'Unsqueeze'],
])
const KEEPS_ANY = new Set(['Add', 'Max', 'Min', 'Range', 'Sub'])

/**
 * A sliding window goes by the distance of columns, and columns of a padded buffer are farther apart than the tokens in
 * them. The graph shows such a distance as column numbers (a Range) or a length (a Shape) beside a constant, or as a shifted
 * triangle. The length that Mistral's exports shift a triangle by is the past's less the window (`_make_causal_mask`,
 * https://github.com/huggingface/transformers/blob/v4.38.0/src/transformers/modeling_attn_mask_utils.py).
 */
function refuseWindows(nodes: readonly NodeProto[], index: GraphIndex): void {
  const columns = new Set(
    nodes.flatMap(({ op_type, output }) =>
      op_type === 'Range'
        ? output
        : op_type === 'Shape'
          ? output.filter((name) => !index.isConstant(name))
          : [],
    ),
  )
  const numbers = (tensor: string | undefined) => (tensor === undefined ? [] : numbersOf(tensor, index))
  const keeps = ({ op_type, input }: NodeProto, tensor: string) =>
    KEEPS_ANY.has(op_type) || (KEEPS_FIRST.has(op_type) && input[0] === tensor)
  for (const { node } of usesOf(index, columns, keeps)) {
    const distant = node.input.some((name) => numbers(name).some((value) => Math.abs(value) > 1))
    if (COMPARISONS.has(node.op_type) && distant)
      throw new Unsupported(`${label(node)} measures distances between columns: a sliding window`)
  }
  const shifted = nodes.find(
    ({ op_type, input }) => op_type === 'Trilu' && numbers(input[1]).some((shift) => shift < -1 || shift > 1),
  )
  if (shifted !== undefined) throw new Unsupported(`${label(shifted)} cuts a band: a sliding window`)
}
