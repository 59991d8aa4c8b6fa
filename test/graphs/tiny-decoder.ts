import { valueInfo } from '../../inference-host/onnx/draft.ts'
import { DATA_TYPE, type ModelProto } from '../../inference-host/onnx/schema.ts'
import { builder, seeded } from './edit.ts'

/** How the hidden state becomes logits. */
export type Head =
  | 'product'
  | 'soft-cap'
  | 'corrected'
  | 'last-position'
  | 'logits-to-keep'
  | 'four-bit'
  | 'mixes-positions'

export type TinyDecoder = {
  head?: Head
  /** Whether the attention operator rotates queries and keys, or nodes before it by `position_ids`. */
  rotary?: 'inside' | 'outside'
  /** How many of a head's dimensions are rotated; all 32 by default. */
  rotaryDim?: number
  interleaved?: boolean
}

export const TINY = { layers: 2, heads: 4, kvHeads: 2, headDim: 32, vocab: 96, context: 128 } as const

const HIDDEN = 32

/** `TensorProto.DataType`. */
const UINT8 = 2

/** A decoder with random float32 weights, laid out like a hub's export with GroupQueryAttention: 140 kilobytes. */
export function tinyDecoder(options: TinyDecoder = {}): ModelProto {
  const { head = 'product', rotary = 'inside', rotaryDim = TINY.headDim, interleaved = false } = options
  const { op, ints, floats, nodes, weights } = builder()
  const next = seeded(7)
  const random = (name: string, rows: number, columns: number) =>
    floats(
      name,
      [rows, columns],
      Array.from({ length: rows * columns }, () => next() * 0.4),
    )
  const times = (output: string, input: string, rows: number, columns: number) =>
    op(output, 'MatMul', [input, random(`${output}.weight`, rows, columns)])
  const norm = (output: string, input: string) => {
    const weight = floats(`${output}.weight`, [HIDDEN], Array(HIDDEN).fill(1))
    return op(output, 'SimplifiedLayerNormalization', [input, weight], {
      axis: -1,
      epsilon: { float: 1e-5 },
      stash_type: 1,
    })
  }

  const one = ints('one', [1], [])
  const sum = op('mask.sum', 'ReduceSum', ['attention_mask', ints('axis.1', [1])], { keepdims: 1 })
  const seqlens = op('seqlens_k', 'Cast', [op('mask.last', 'Sub', [sum, one])], { to: DATA_TYPE.int32 })
  const width = op('mask.width', 'Gather', [op('mask.shape', 'Shape', ['attention_mask']), one], { axis: 0 })
  const total = op('total_length', 'Cast', [width], { to: DATA_TYPE.int32 })
  const angles = Array.from({ length: (TINY.context * rotaryDim) / 2 }, (_, i) => {
    const pairs = rotaryDim / 2
    return Math.floor(i / pairs) / 100 ** ((i % pairs) / pairs)
  })
  const caches = [
    floats('cos_cache', [TINY.context, rotaryDim / 2], angles.map(Math.cos)),
    floats('sin_cache', [TINY.context, rotaryDim / 2], angles.map(Math.sin)),
  ]
  const rotated = (tensor: string, count: number) =>
    op(`${tensor}.rotated`, 'com.microsoft:RotaryEmbedding', [tensor, 'position_ids', ...caches], {
      interleaved: Number(interleaved),
      num_heads: count,
      rotary_embedding_dim: rotaryDim < TINY.headDim ? rotaryDim : 0,
    })

  let hidden = op('hidden.0', 'Gather', [random('embedding', TINY.vocab, HIDDEN), 'input_ids'], { axis: 0 })
  for (let layer = 0; layer < TINY.layers; layer++) {
    const name = (part: string) => `layers.${layer}.${part}`
    const normed = norm(name('norm'), hidden)
    const [q, k, v] = [
      times(name('q'), normed, HIDDEN, TINY.heads * TINY.headDim),
      times(name('k'), normed, HIDDEN, TINY.kvHeads * TINY.headDim),
      times(name('v'), normed, HIDDEN, TINY.kvHeads * TINY.headDim),
    ]
    const past = [`past_key_values.${layer}.key`, `past_key_values.${layer}.value`]
    const inputs =
      rotary === 'inside'
        ? [q, k, v, ...past, seqlens, total, ...caches]
        : [rotated(q, TINY.heads), rotated(k, TINY.kvHeads), v, ...past, seqlens, total]
    const attended = op(name('attended'), 'com.microsoft:GroupQueryAttention', inputs, {
      num_heads: TINY.heads,
      kv_num_heads: TINY.kvHeads,
      do_rotary: Number(rotary === 'inside'),
      rotary_interleaved: Number(interleaved),
    })
    nodes.at(-1)?.output.push(`present.${layer}.key`, `present.${layer}.value`)
    const out = times(name('o'), attended, TINY.heads * TINY.headDim, HIDDEN)
    const mixed = op(name('mixed'), 'Add', [hidden, out])
    const wide = op(name('wide'), 'Tanh', [times(name('up'), norm(name('norm2'), mixed), HIDDEN, 48)])
    hidden = op(`hidden.${layer + 1}`, 'Add', [mixed, times(name('down'), wide, 48, HIDDEN)])
  }
  addHead(norm('final', hidden))

  const cache = (name: string, length: string) =>
    valueInfo(name, DATA_TYPE.float32, ['batch_size', TINY.kvHeads, length, TINY.headDim])
  const ids = (name: string, length: string) => valueInfo(name, DATA_TYPE.int64, ['batch_size', length])
  const parts = Array.from({ length: TINY.layers }, (_, l) => [`${l}.key`, `${l}.value`]).flat()
  const positions = head === 'last-position' ? 1 : 'sequence_length'
  return {
    ir_version: 8,
    producer_name: 'test',
    opset_import: [
      { domain: '', version: 18 },
      { domain: 'com.microsoft', version: 1 },
    ],
    graph: {
      name: 'tiny',
      node: nodes,
      initializer: weights,
      input: [
        ids('input_ids', 'sequence_length'),
        ids('attention_mask', 'total_sequence_length'),
        ...(rotary === 'outside' ? [ids('position_ids', 'sequence_length')] : []),
        ...(head === 'logits-to-keep' ? [valueInfo('num_logits_to_keep', DATA_TYPE.int64, [])] : []),
        ...parts.map((part) => cache(`past_key_values.${part}`, 'past_sequence_length')),
      ],
      output: [
        valueInfo('logits', DATA_TYPE.float32, ['batch_size', positions, TINY.vocab]),
        ...parts.map((part) => cache(`present.${part}`, 'total_sequence_length')),
      ],
    },
  }

  function addHead(final: string): void {
    if (head === 'soft-cap') {
      const cap = floats('cap', [], [5])
      const capped = op('tanh', 'Tanh', [op('scaled', 'Div', [times('raw', final, HIDDEN, TINY.vocab), cap])])
      op('logits', 'Mul', [capped, cap])
    } else if (head === 'corrected') {
      const blocks = op('blocks', 'Reshape', [final, ints('blocks.shape', [0, -1, 4, 8])])
      const sums = op('sums', 'ReduceSum', [blocks, ints('axis.3', [3])], { keepdims: 0 })
      const correction = times('correction', sums, 4, TINY.vocab)
      op('logits', 'Add', [times('product', final, HIDDEN, TINY.vocab), correction])
    } else if (head === 'last-position') {
      const last = op('last', 'Gather', [final, ints('last.index', [-1])], { axis: 1 })
      times('logits', last, HIDDEN, TINY.vocab)
    } else if (head === 'logits-to-keep') {
      const from = op('from', 'Reshape', [op('negative', 'Neg', ['num_logits_to_keep']), ints('vector', [1])])
      const kept = op('kept', 'Slice', [final, from, ints('to', [2 ** 31 - 1]), ints('kept.axis', [1])])
      times('logits', kept, HIDDEN, TINY.vocab)
    } else if (head === 'four-bit') {
      const bytes = Uint8Array.from({ length: (TINY.vocab * HIDDEN) / 2 }, () => 128 * (1 + next()))
      const quantized = {
        name: 'logits.weight',
        dims: [TINY.vocab, 1, HIDDEN / 2],
        data_type: UINT8,
        raw_data: bytes,
      }
      weights.push(quantized)
      const scales = floats('logits.scales', [TINY.vocab], Array(TINY.vocab).fill(0.05))
      const sizes = { K: HIDDEN, N: TINY.vocab, bits: 4, block_size: HIDDEN }
      op('logits', 'com.microsoft:MatMulNBits', [final, quantized.name, scales], sizes)
    } else if (head === 'mixes-positions') {
      op('logits', 'CumSum', [times('raw', final, HIDDEN, TINY.vocab), one])
    } else times('logits', final, HIDDEN, TINY.vocab)
  }
}
