import { type Draft, valueInfo } from '../../onnx/draft.ts'
import { dimsOf, type GraphIndex, intAttribute, label, usesOf } from '../../onnx/graph.ts'
import { DATA_TYPE, type NodeProto, type ValueInfoProto } from '../../onnx/schema.ts'
import { Unsupported } from '../../onnx/unsupported.ts'
import { type DecoderInterface, newName, pastName, presentName } from './interface.ts'

const GQA = 'GroupQueryAttention'

/**
 * Inputs of the operator by place (ONNX Runtime 1.30,
 * https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md). The inputs query (0) and head sinks
 * (11) are left out: new keys and values do not depend on them.
 */
const KEY = 1
const VALUE = 2
const PAST_KEY = 3
const PAST_VALUE = 4
const SEQLENS = 5
const TOTAL = 6
const COS = 7
const SIN = 8
const POSITIONS = 9
/** Its outputs: attention (0), the caches. */
const PRESENT_KEY = 1
const REFUSED_INPUTS: Record<number, string> = {
  10: 'an attention bias, which is not made for slots of different lengths',
  12: 'a quantized cache',
  13: 'a quantized cache',
  14: 'QK-norm inside the operator',
  15: 'QK-norm inside the operator',
}
const LAST_KNOWN_INPUT = 15

/** Attributes that change neither the new keys and values nor what a slot may see of another. */
const HARMLESS = new Set([
  'num_heads',
  'kv_num_heads',
  'scale',
  'softcap',
  'smooth_softmax',
  'local_window_size',
])
const ROTARY = new Set(['do_rotary', 'rotary_interleaved'])

/** Attributes of newer operators that are refused unless they are off. */
const OFF_VALUES: Record<string, string | number> = {
  qk_output: 0,
  kv_cache_bit_width: 0,
  k_quant_type: 'NONE',
  v_quant_type: 'NONE',
}

/**
 * Outputs of the serving form of an export with the GroupQueryAttention operator. They are the operator's own value
 * input, and its key input after the same rotation that it applies inside (`RotaryEmbedding` with the operator's
 * caches; bit-identical). The operator itself appends to the cache that it is fed, at each slot's length. An input
 * `position_ids` is replaced by positions that follow from the mask.
 * @throws Unsupported, in words, for what it does not know.
 */
export function newKeysOfGqa(draft: Draft, face: DecoderInterface): ValueInfoProto[] {
  const { nodes, positions } = knownNodes(draft, face)
  return nodes.flatMap((node, layer) => {
    const { input } = node
    const key =
      intAttribute(node, 'do_rotary', 0) === 1 ? rotatedKey(draft, node, face, positions) : input[KEY]
    return (['key', 'value'] as const).map((part) => {
      const name = newName(layer, part)
      const made = draft.add(name, 'Identity', [(part === 'key' ? key : input[VALUE]) ?? ''])
      if (made !== name) throw new Unsupported(`it has a tensor ${name} already`)
      return valueInfo(name, DATA_TYPE[face.kvType], ['slots', 'new_length', face.kvHeads * face.headDim])
    })
  })
}

/**
 * Outputs of the serving form for caches that stay on a device. They are the operator's own,
 * `present.<layer>.key|value`, as long as the cache that is fed. A caller hands in one buffer for both, and the
 * operator then writes to it in place.
 * @throws Unsupported, in words, for what it does not know.
 */
export function sharedCachesOfGqa(draft: Draft, face: DecoderInterface): ValueInfoProto[] {
  return knownNodes(draft, face).nodes.flatMap((node, layer) =>
    (['key', 'value'] as const).map((part, i) => {
      const name = presentName(layer, part)
      if (node.output[PRESENT_KEY + i] !== name)
        throw new Unsupported(`${label(node)} does not give ${name} itself`)
      return valueInfo(name, DATA_TYPE[face.kvType], ['slots', face.kvHeads, 'buffer_length', face.headDim])
    }),
  )
}

/** The attention of each layer, and positions that do not depend on how wide the mask is. */
function knownNodes(draft: Draft, face: DecoderInterface) {
  refuseOtherUsesOfTheMask(draft)
  const nodes = Array.from({ length: face.layers }, (_, layer) => nodeOfLayer(draft.index, face, layer))
  const positions = positionsFrom(draft)
  if (face.hasPositionIds) {
    const ids = positions(nodes[0]?.input[SEQLENS] ?? '')
    for (const node of draft.graph.node)
      node.input = node.input.map((name) => (name === 'position_ids' ? ids : name))
    draft.graph.input = draft.graph.input.filter(({ name }) => name !== 'position_ids')
  }
  return { nodes, positions }
}

/** The one node that a layer's cache goes to, when nothing about it is unknown. */
function nodeOfLayer(index: GraphIndex, face: DecoderInterface, layer: number): NodeProto {
  const readers = [...index.consumers(pastName(layer, 'key')), ...index.consumers(pastName(layer, 'value'))]
  const [node] = readers
  const other = readers.find((reader) => reader !== node || reader.op_type !== GQA)
  if (node === undefined || other !== undefined)
    throw new Unsupported(`the cache of layer ${layer} is read by ${other ? label(other) : 'nothing'}`)
  const { input } = node
  if (input[PAST_KEY] !== pastName(layer, 'key') || input[PAST_VALUE] !== pastName(layer, 'value'))
    throw new Unsupported(`${label(node)} reads the cache of layer ${layer} in an unknown place`)
  if (!input[KEY] || !input[VALUE])
    throw new Unsupported(`${label(node)} takes packed QKV (one input for all three)`)
  for (const [place, name] of input.entries()) {
    const refused = place > LAST_KNOWN_INPUT ? `an unknown input ${place}` : REFUSED_INPUTS[place]
    if (name !== '' && refused !== undefined) throw new Unsupported(`${label(node)} takes ${refused}`)
  }
  refuseUnknownAttributes(node)
  if (node.output.slice(3).some((name) => name !== ''))
    throw new Unsupported(`${label(node)} has a fourth output`)
  if (intAttribute(node, 'kv_num_heads', 0) !== face.kvHeads)
    throw new Unsupported(`${label(node)} has another number of heads than the cache`)
  return node
}

function refuseUnknownAttributes(node: NodeProto): void {
  for (const { name, i, s } of node.attribute ?? []) {
    if (HARMLESS.has(name) || ROTARY.has(name)) continue
    const value = typeof OFF_VALUES[name] === 'string' ? Buffer.from(s ?? []).toString() : Number(i)
    if (OFF_VALUES[name] !== value) throw new Unsupported(`${label(node)} has the attribute ${name}`)
  }
}

/**
 * With a padded buffer the mask is as wide as the buffer, not as the sequence. That is right for the operator's own two
 * inputs. Anything else computed from the mask (a rotary cache chosen by its width, an attention bias) would silently
 * change.
 */
function refuseOtherUsesOfTheMask({ graph, index }: Draft): void {
  const reached = new Set(['attention_mask'])
  const isOther = ({ op_type }: NodeProto) => op_type !== GQA
  for (const { node, tensor } of usesOf(index, reached, isOther))
    if (
      !isOther(node) &&
      node.input.some((name, place) => name === tensor && place !== SEQLENS && place !== TOTAL)
    )
      throw new Unsupported(`${label(node)} takes more from the attention mask than the slots' lengths`)
  const output = graph.output.find(({ name }) => reached.has(name))
  if (output !== undefined)
    throw new Unsupported(`the attention mask goes to more than ${GQA}: ${output.name} follows from it`)
}

function rotatedKey(
  draft: Draft,
  node: NodeProto,
  face: DecoderInterface,
  positions: (seqlens: string) => string,
): string {
  const { input } = node
  const [key = '', cos = '', sin = ''] = [input[KEY], input[COS], input[SIN]]
  const cache = draft.index.constant(cos)
  if (cache === undefined || draft.index.constant(sin) === undefined)
    throw new Unsupported(`${label(node)} takes rotary caches that the graph computes`)
  const rotaryDim = 2 * (dimsOf(cache)[1] ?? 0)
  return draft.add(
    'serving.rotated_key',
    'com.microsoft:RotaryEmbedding',
    [key, input[POSITIONS] || positions(input[SEQLENS] ?? ''), cos, sin],
    {
      interleaved: intAttribute(node, 'rotary_interleaved', 0),
      num_heads: face.kvHeads,
      ...(rotaryDim < face.headDim ? { rotary_embedding_dim: rotaryDim } : {}),
    },
  )
}

/**
 * Positions of the new tokens, [slots, n] int64, as the operator itself has them. Its input `seqlens_k` holds each
 * slot's length after this step less one. Position i of n is that less n - 1 - i. Made once per `seqlens_k`.
 */
function positionsFrom(draft: Draft): (seqlens: string) => string {
  const made = new Map<string, string>()
  return (seqlens) => {
    const there = made.get(seqlens)
    if (there !== undefined) return there
    const { add, ints } = draft
    const [zero, one] = [ints('serving.zero', [0], []), ints('serving.one', [1], [])]
    const shape = add('serving.ids_shape', 'Shape', ['input_ids'])
    const length = add('serving.new_length', 'Gather', [shape, one], { axis: 0 })
    const last = add('serving.last', 'Cast', [seqlens], { to: DATA_TYPE.int64 })
    const column = add('serving.last_column', 'Reshape', [last, ints('serving.column', [-1, 1])])
    const before = add('serving.before', 'Sub', [column, add('serving.length_less_1', 'Sub', [length, one])])
    const range = add('serving.range', 'Range', [zero, length, one])
    const positions = add('serving.positions', 'Add', [before, range])
    made.set(seqlens, positions)
    return positions
  }
}

/** Whether the cache goes straight into the operator. */
export function hasGqa(index: GraphIndex): boolean {
  return index.consumers(pastName(0, 'key')).some(({ op_type }) => op_type === GQA)
}
