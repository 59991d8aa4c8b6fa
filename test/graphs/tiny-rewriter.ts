import { newNode, valueInfo } from '../../inference-host/onnx/draft.ts'
import {
  ATTRIBUTE_TYPE,
  DATA_TYPE,
  type GraphProto,
  type ModelProto,
  type TensorProto,
  type ValueInfoProto,
} from '../../inference-host/onnx/schema.ts'
import { type Builder, builder, floatTensor, seeded } from './edit.ts'

/** `TensorProto.DataType`. */
const BOOL = 9
const UINT8 = 2
const BLOCK = 32

/** How the model knows where a token stands: by distances within attention (T5), or a table of places (BART). */
export type Family = 't5' | 'bart'

export type RewriterSizes = {
  layers: number
  heads: number
  headDim: number
  wide: number
  vocab: number
  context: number
}

export type RewriterGraphs = {
  family: Family
  sizes: RewriterSizes
  /** Whether the decoder quantizes its activations as it runs, by the range of all rows together. */
  quantized?: boolean
  /** Weights of 4 bits in blocks of 32; with `int8` the activations are rounded to 8, row by row. Sizes in 32s. */
  fourBit?: 'float' | 'int8' | undefined
  seed?: number
}

/** Distances that T5's attention tells apart. */
const DISTANCES = 48

/**
 * An encoder-decoder with random weights, laid out as the hub's exports are: an encoder, and a decoder whose first step
 * and whose later ones are the two branches of an `If`.
 */
export function rewriterGraphs(options: RewriterGraphs): { encoder: ModelProto; decoder: ModelProto } {
  return { encoder: encoderGraph(options), decoder: decoderGraph(options) }
}

/** What both graphs are made of; `weights` are those of the outermost graph. */
function parts(
  { op, ints, floats }: Builder,
  weights: Map<string, TensorProto>,
  { sizes, fourBit, seed = 5 }: RewriterGraphs,
) {
  const { heads, headDim, wide } = sizes
  const size = heads * headDim

  function weight(name: string, dims: readonly number[], spread: number): string {
    if (weights.has(name)) return name
    const next = seeded(seed + weights.size)
    const length = dims.reduce((product, dim) => product * dim, 1)
    weights.set(
      name,
      floatTensor(
        name,
        dims,
        Float32Array.from({ length }, () => next() * spread),
      ),
    )
    return name
  }

  function times(output: string, input: string, rows: number, columns: number): string {
    const name = `${output}.weight`
    const spread = 1.8 / Math.sqrt(rows)
    if (fourBit === undefined) return op(output, 'MatMul', [input, weight(name, [rows, columns], spread)])
    const blocks = rows / BLOCK
    const scales = weight(`${name}.scales`, [columns * blocks], 0)
    if (!weights.has(name)) {
      const next = seeded(seed + weights.size)
      // Two numbers of -8 to 7 a byte.
      const raw_data = Uint8Array.from({ length: (rows * columns) / 2 }, () => 128 * (1 + next()))
      const raw_scales = new Uint8Array(
        Float32Array.from({ length: columns * blocks }, () => spread / 8).buffer,
      )
      weights.set(name, { name, dims: [columns, blocks, BLOCK / 2], data_type: UINT8, raw_data })
      weights.set(scales, { ...(weights.get(scales) as TensorProto), raw_data: raw_scales })
    }
    return op(output, 'com.microsoft:MatMulNBits', [input, name, scales], {
      K: rows,
      N: columns,
      bits: 4,
      block_size: BLOCK,
      accuracy_level: fourBit === 'int8' ? 4 : 0,
    })
  }
  const norm = (output: string, input: string) =>
    op(output, 'LayerNormalization', [input, floats(`${output}.scale`, [size], Array(size).fill(1))], {
      axis: -1,
    })

  return {
    size,
    weight,
    times,
    norm,
    /** [rows, tokens, size] as [rows, heads, tokens, headDim]. */
    split(output: string, input: string) {
      const apart = op(`${output}.apart`, 'Reshape', [input, ints(`${output}.shape`, [0, 0, heads, headDim])])
      return op(output, 'Transpose', [apart], { perm: [0, 2, 1, 3] })
    },
    attend(name: string, [query, key, value]: readonly [string, string, string], bias?: string) {
      const turned = op(`${name}.turned`, 'Transpose', [key], { perm: [0, 1, 3, 2] })
      const by = floats(`${name}.by`, [], [2 / Math.sqrt(headDim)])
      const scaled = op(`${name}.scaled`, 'Mul', [op(`${name}.raw`, 'MatMul', [query, turned]), by])
      const biased = bias === undefined ? scaled : op(`${name}.biased`, 'Add', [scaled, bias])
      const soft = op(`${name}.soft`, 'Softmax', [biased], { axis: -1 })
      const back = op(`${name}.back`, 'Transpose', [op(`${name}.mixed`, 'MatMul', [soft, value])], {
        perm: [0, 2, 1, 3],
      })
      return times(
        `${name}.out`,
        op(`${name}.flat`, 'Reshape', [back, ints(`${name}.join`, [0, 0, size])]),
        size,
        size,
      )
    },
    feed(name: string, input: string) {
      const up = op(`${name}.act`, 'Relu', [times(`${name}.up`, norm(`${name}.norm`, input), size, wide)])
      return op(name, 'Add', [input, times(`${name}.down`, up, wide, size)])
    },
    /** 0 where a text has a token, a very low number where it is padded: [rows, 1, 1, tokens]. */
    padding(mask: string) {
      const missing = op('padding.missing', 'Sub', [
        op('padding.mask', 'Cast', [mask], { to: DATA_TYPE.float32 }),
        floats('padding.one', [], [1]),
      ])
      const low = op('padding.low', 'Mul', [missing, floats('padding.by', [], [3e38])])
      return op('padding', 'Unsqueeze', [low, ints('padding.axes', [1, 2])])
    },
    /** What distances count for: [1, heads, queries, keys], from [queries, keys] integers. */
    distances(name: string, apart: string) {
      const middle = op(`${name}.middle`, 'Add', [apart, ints(`${name}.half`, [DISTANCES / 2])])
      const low = op(`${name}.low`, 'Max', [middle, ints(`${name}.least`, [0])])
      const near = op(`${name}.near`, 'Min', [low, ints(`${name}.most`, [DISTANCES - 1])])
      const rows = op(`${name}.rows`, 'Gather', [weight(`${name}.table`, [DISTANCES, heads], 1.5), near], {
        axis: 0,
      })
      const first = op(`${name}.turned`, 'Transpose', [rows], { perm: [2, 0, 1] })
      return op(name, 'Unsqueeze', [first, ints(`${name}.axis`, [0])])
    },
    /** The numbers from 0 up to the size of a tensor's axis. */
    places(tensor: string, axis: number) {
      const length = op('places.length', 'Shape', [tensor], { start: axis, end: axis + 1 })
      return op('places', 'Range', [
        ints('places.from', [0], []),
        op('places.scalar', 'Squeeze', [length]),
        ints('places.step', [1], []),
      ])
    },
  }
}

function encoderGraph(options: RewriterGraphs): ModelProto {
  const { family, sizes } = options
  const made = builder()
  const { op, ints, nodes } = made
  const weights = new Map<string, TensorProto>()
  const { size, weight, times, norm, split, attend, feed, padding, distances, places } = parts(
    made,
    weights,
    options,
  )
  let bias = padding('attention_mask')
  let x = op('words', 'Gather', [weight('words.table', [sizes.vocab, size], 1), 'input_ids'], { axis: 0 })
  const at = places('input_ids', 1)
  if (family === 't5') {
    const apart = op('apart', 'Sub', [at, op('queries', 'Unsqueeze', [at, ints('queries.axis', [1])])])
    bias = op('bias', 'Add', [bias, distances('distances', apart)])
  } else {
    const table = weight('places.table', [sizes.context, size], 1)
    x = op('placed', 'Add', [x, op('places.rows', 'Gather', [table, at], { axis: 0 })])
  }
  for (let layer = 0; layer < sizes.layers; layer++) {
    const name = (part: string) => `encoder.${layer}.${part}`
    const normed = norm(name('norm'), x)
    const heads = (part: string) => split(name(part), times(name(`${part}.all`), normed, size, size))
    const mixed = attend(name('self'), [heads('q'), heads('k'), heads('v')], bias)
    x = feed(name('feed'), op(name('seen'), 'Add', [x, mixed]))
  }
  norm('last_hidden_state', x)
  const ids = (name: string) => valueInfo(name, DATA_TYPE.int64, ['batch_size', 'encoder_sequence_length'])
  return modelOf({
    name: 'encoder',
    node: nodes,
    initializer: [...made.weights, ...weights.values()],
    input: [ids('input_ids'), ids('attention_mask')],
    output: [hiddenInfo('last_hidden_state', size)],
  })
}

function decoderGraph(options: RewriterGraphs): ModelProto {
  const { sizes } = options
  const { layers, heads, headDim, vocab } = sizes
  const weights = new Map<string, TensorProto>()
  const whose = ['decoder', 'encoder'] as const
  const caches = Array.from({ length: layers }, (_, layer) =>
    whose.flatMap((who) => ['key', 'value'].map((part) => `${layer}.${who}.${part}`)),
  ).flat()
  const cacheInfo = (prefix: string, name: string) => {
    const length = name.includes('.decoder.') ? 'past_decoder_sequence_length' : 'encoder_sequence_length_out'
    return valueInfo(`${prefix}${name}`, DATA_TYPE.float32, ['batch_size', heads, length, headDim])
  }
  const outputs = (prefix: string): ValueInfoProto[] => [
    valueInfo(`${prefix}logits`, DATA_TYPE.float32, ['batch_size', 'decoder_sequence_length', vocab]),
    ...caches.map((name) => cacheInfo(`${prefix}present.`, name)),
  ]
  const branch = (past: boolean): GraphProto => {
    const made = builder()
    decode(made, weights, options, past)
    return {
      name: past ? 'later' : 'first',
      node: made.nodes,
      initializer: made.weights,
      input: [],
      output: outputs('branch.'),
    }
  }
  const choice = newNode(
    'If',
    ['use_cache_branch'],
    outputs('').map(({ name }) => name),
  )
  choice.attribute = (['then_branch', 'else_branch'] as const).map((name) => ({
    name,
    g: branch(name === 'then_branch'),
    type: ATTRIBUTE_TYPE.graph,
  }))
  return modelOf({
    name: 'decoder',
    node: [choice],
    initializer: [...weights.values()],
    input: [
      valueInfo('encoder_attention_mask', DATA_TYPE.int64, ['batch_size', 'encoder_sequence_length']),
      valueInfo('input_ids', DATA_TYPE.int64, ['batch_size', 'decoder_sequence_length']),
      hiddenInfo('encoder_hidden_states', heads * headDim),
      ...caches.map((name) => cacheInfo('past_key_values.', name)),
      valueInfo('use_cache_branch', BOOL, [1]),
    ],
    output: outputs(''),
  })
}

/** One branch of the decoder: its first step, or one with a past. */
function decode(
  made: Builder,
  weights: Map<string, TensorProto>,
  options: RewriterGraphs,
  past: boolean,
): void {
  const { family, sizes, quantized = false } = options
  const { op, ints, nodes } = made
  const { size, weight, times, norm, split, attend, feed, padding, distances, places } = parts(
    made,
    weights,
    options,
  )
  const given = (output: string, input: string) => op(output, 'Identity', [input])
  let x = op('words', 'Gather', [weight('words.table', [sizes.vocab, size], 1), 'input_ids'], { axis: 0 })
  let bias: string | undefined
  const length = past
    ? op('past.length', 'Shape', ['past_key_values.0.decoder.key'], { start: 2, end: 3 })
    : ints('past.length', [0])
  if (family === 't5') {
    const shape = op('total', 'Add', [length, ints('total.one', [1])])
    const keys = op('keys', 'ConstantOfShape', [shape])
    const apart = op('apart', 'Sub', [places(keys, 0), length])
    bias = distances('distances', op('apart.row', 'Unsqueeze', [apart, ints('apart.axis', [0])]))
  } else {
    const table = weight('places.table', [sizes.context, size], 1)
    x = op('placed', 'Add', [x, op('places.row', 'Gather', [table, length], { axis: 0 })])
  }
  const missing = padding('encoder_attention_mask')
  for (let layer = 0; layer < sizes.layers; layer++) {
    const name = (part: string) => `decoder.${layer}.${part}`
    const heads = (part: string, input: string) =>
      split(name(part), times(name(`${part}.all`), input, size, size))
    const normed = norm(name('norm'), x)
    const own = ['key', 'value'].map((part) => {
      const fresh = heads(part, normed)
      const present = `branch.present.${layer}.decoder.${part}`
      return past
        ? op(present, 'Concat', [`past_key_values.${layer}.decoder.${part}`, fresh], { axis: 2 })
        : given(present, fresh)
    })
    const [key, value] = own as [string, string]
    x = op(name('seen'), 'Add', [x, attend(name('self'), [heads('q', normed), key, value], bias)])
    const cross = ['key', 'value'].map((part) => {
      const present = `branch.present.${layer}.encoder.${part}`
      return past
        ? given(present, `past_key_values.${layer}.encoder.${part}`)
        : given(present, heads(`cross.${part}`, 'encoder_hidden_states'))
    })
    const asked = heads('cross.q', norm(name('cross.norm'), x))
    const [from, what] = cross as [string, string]
    x = op(name('read'), 'Add', [x, attend(name('cross'), [asked, from, what], missing)])
    x = feed(name('feed'), x)
  }
  x = norm('final', x)
  if (quantized) {
    op('quantized', 'DynamicQuantizeLinear', [x])
    nodes.at(-1)?.output.push('quantized.scale', 'quantized.zero')
    x = op('quantized.back', 'DequantizeLinear', ['quantized', 'quantized.scale', 'quantized.zero'])
  }
  times('branch.logits', x, size, sizes.vocab)
}

function hiddenInfo(name: string, size: number): ValueInfoProto {
  return valueInfo(name, DATA_TYPE.float32, ['batch_size', 'encoder_sequence_length', size])
}

function modelOf(graph: GraphProto): ModelProto {
  const opset_import = [
    { domain: '', version: 17 },
    { domain: 'com.microsoft', version: 1 },
  ]
  return { ir_version: 8, producer_name: 'test', opset_import, graph }
}
