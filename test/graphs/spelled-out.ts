import { valueInfo } from '../../inference-host/onnx/draft.ts'
import { dimsOf, intAttribute } from '../../inference-host/onnx/graph.ts'
import { DATA_TYPE, type ModelProto, type NodeProto } from '../../inference-host/onnx/schema.ts'
import { addWeights, attentions, type Builder, builder, replaceNode } from './edit.ts'

/** What Optimum masks with: the lowest float32. */
const LOWEST = -3.4028234663852886e38

export type SpelledOut = {
  /** Gives the mask a sliding window of so many columns, as exports of Mistral have. */
  window?: number
}

/**
 * Writes the attention of an export out in plain operators, in place, the way Optimum exports Llama (checked against
 * optimum 1.23 with transformers 4.46): positions come in as `position_ids`, the causal mask from shapes, and
 * `present.*` is the past with the new keys and values concatenated to it. The weights stay as they are.
 */
export function spellOutAttention(model: ModelProto, options: SpelledOut = {}): void {
  const nodes = attentions(model)
  const shared = builder()
  const mask = causalMask(shared, options)
  const [first] = nodes
  if (first === undefined) throw new Error('there is no attention to spell out')
  const angles = { cos: angle(shared, first, 'cos', 7), sin: angle(shared, first, 'sin', 8) }
  for (const node of nodes) {
    const layer = builder()
    attention(layer, model, node, mask, angles)
    replaceNode(model, node, layer.nodes)
    addWeights(model, layer.weights)
  }
  model.graph.node = [...shared.nodes, ...model.graph.node]
  addWeights(model, shared.weights)
  const positions = valueInfo('position_ids', DATA_TYPE.int64, ['batch_size', 'sequence_length'])
  model.graph.input = [...model.graph.input.slice(0, 2), positions, ...model.graph.input.slice(2)]
}

/** [batch, 1, new, total]: the lowest float where a column is later than the row, or hidden by the attention mask. */
function causalMask({ op, ints, floats, weights }: Builder, { window }: SpelledOut): string {
  const [zero, one] = [ints('plain.zero', [0], []), ints('plain.one', [1], [])]
  const size = (name: string, of: string, axis: string) =>
    op(name, 'Gather', [op(`${name}.shape`, 'Shape', [of]), axis], { axis: 0 })
  const vector = (name: string, scalar: string) => op(name, 'Unsqueeze', [scalar, front])
  const front = ints('plain.front', [0])
  const past = size('plain.past', 'past_key_values.0.key', ints('plain.two', [2], []))
  const fresh = size('plain.new', 'input_ids', one)
  const total = size('plain.total', 'attention_mask', one)
  const end = op('plain.end', 'Add', [past, fresh])
  const rows = op('plain.rows', 'Range', [past, end, one])
  const columns = op('plain.columns', 'Range', [zero, total, one])

  const square = op('plain.square', 'Concat', [vector('plain.new1', fresh), vector('plain.total1', total)], {
    axis: 0,
  })
  op('plain.full', 'ConstantOfShape', [square])
  const value = { dims: [1], data_type: DATA_TYPE.float32, float_data: [LOWEST] }
  weights.push({ name: 'plain.lowest', ...value, dims: [] })
  const filled = op('plain.filled', 'Add', ['plain.full', 'plain.lowest'])
  const triangle = op('plain.triangle', 'Trilu', [filled, one], { upper: 1 })
  const row = op('plain.row', 'Reshape', [rows, ints('plain.column', [-1, 1])])
  let hides = op('plain.later', 'Greater', [columns, row])
  if (window !== undefined) {
    const oldest = op('plain.oldest', 'Sub', [row, ints('plain.window', [window], [])])
    hides = op('plain.hides', 'Or', [hides, op('plain.earlier', 'LessOrEqual', [columns, oldest])])
  }
  const later = op('plain.later_f', 'Cast', [hides], { to: DATA_TYPE.float32 })
  const base = window === undefined ? triangle : filled
  const causal = op('plain.causal', 'Unsqueeze', [
    op('plain.masked', 'Mul', [base, later]),
    ints('plain.axes01', [0, 1]),
  ])
  const batch = size('plain.batch', 'input_ids', zero)
  const whole = op(
    'plain.whole',
    'Concat',
    [
      vector('plain.batch1', batch),
      ints('plain.ones', [1]),
      vector('plain.new2', fresh),
      vector('plain.total2', total),
    ],
    { axis: 0 },
  )
  const expanded = op('plain.expanded', 'Expand', [causal, whole])
  const wide = op('plain.wide', 'Unsqueeze', ['attention_mask', ints('plain.axes12', [1, 2])])
  const seen = op('plain.seen', 'Add', [
    expanded,
    op('plain.wide_f', 'Cast', [wide], { to: DATA_TYPE.float32 }),
  ])
  const hidden = op('plain.hidden', 'Equal', [seen, floats('plain.none', [], [0])])
  return op('plain.mask', 'Where', [hidden, 'plain.lowest', expanded])
}

/** Cosines or sines of the positions, [batch, 1, new, headDim]. */
function angle({ op, ints }: Builder, node: NodeProto, name: string, input: number): string {
  const half = op(`plain.${name}.half`, 'Gather', [node.input[input] ?? '', 'position_ids'], { axis: 0 })
  const all = op(`plain.${name}.all`, 'Concat', [half, half], { axis: -1 })
  return op(`plain.${name}`, 'Unsqueeze', [all, ints(`plain.${name}.axis`, [1])])
}

function attention(
  { op, ints, floats }: Builder,
  model: ModelProto,
  node: NodeProto,
  mask: string,
  angles: { cos: string; sin: string },
): void {
  const [q = '', k = '', v = '', pastKey = '', pastValue = '', , , cos = ''] = node.input
  const [attended = '', presentKey = '', presentValue = ''] = node.output
  const [heads, kvHeads] = [intAttribute(node, 'num_heads', 0), intAttribute(node, 'kv_num_heads', 0)]
  const cache = model.graph.initializer.find(({ name }) => name === cos)
  const half = dimsOf(cache ?? {})[1] ?? 0
  const dim = 2 * half
  const name = (part: string) => `${attended}.${part}`

  const split = (tensor: string, part: string, count: number) => {
    const parted = op(name(`${part}.parted`), 'Reshape', [
      tensor,
      ints(name(`${part}.shape`), [0, 0, count, dim]),
    ])
    return op(name(part), 'Transpose', [parted], { perm: [0, 2, 1, 3] })
  }
  const [zero, middle, end, last] = [
    ints(name('zero'), [0]),
    ints(name('middle'), [half]),
    ints(name('end'), [dim]),
    ints(name('last'), [3]),
  ]
  const rotate = (tensor: string) => {
    const first = op(`${tensor}.first`, 'Slice', [tensor, zero, middle, last])
    const second = op(`${tensor}.second`, 'Slice', [tensor, middle, end, last])
    const turned = op(`${tensor}.turned`, 'Concat', [op(`${tensor}.neg`, 'Neg', [second]), first], {
      axis: -1,
    })
    const products = [
      op(`${tensor}.cos`, 'Mul', [tensor, angles.cos]),
      op(`${tensor}.sin`, 'Mul', [turned, angles.sin]),
    ]
    return op(`${tensor}.rotated`, 'Add', products)
  }
  const repeat = (tensor: string) => {
    const copies = ints(`${tensor}.copies`, [1, 1, heads / kvHeads, 1, 1])
    const spread = op(`${tensor}.spread`, 'Unsqueeze', [tensor, ints(`${tensor}.axis`, [2])])
    const expanded = op(`${tensor}.expanded`, 'Expand', [spread, copies])
    return op(`${tensor}.repeated`, 'Reshape', [expanded, ints(`${tensor}.merged`, [0, heads, -1, dim])])
  }
  const query = rotate(split(q, 'query', heads))
  const keys = op(presentKey, 'Concat', [pastKey, rotate(split(k, 'key', kvHeads))], { axis: -2 })
  const values = op(presentValue, 'Concat', [pastValue, split(v, 'value', kvHeads)], { axis: -2 })
  const turned = op(name('keys.turned'), 'Transpose', [repeat(keys)], { perm: [0, 1, 3, 2] })
  const scale = floats(name('scale'), [], [1 / Math.sqrt(dim)])
  const scores = op(name('scores'), 'Mul', [op(name('products'), 'MatMul', [query, turned]), scale])
  const weights = op(name('weights'), 'Softmax', [op(name('masked'), 'Add', [scores, mask])], { axis: -1 })
  const read = op(name('read'), 'MatMul', [weights, repeat(values)])
  const joined = op(name('joined'), 'Transpose', [read], { perm: [0, 2, 1, 3] })
  op(attended, 'Reshape', [joined, ints(name('joined.shape'), [0, 0, heads * dim])])
}
