import { newModel, valueInfo } from '../../inference-host/onnx/draft.ts'
import { DATA_TYPE, type ModelProto } from '../../inference-host/onnx/schema.ts'
import { BLOCK, type Parts, parts } from './weights.ts'

/** The sizes of a decoder, by the names of a Llama's config.json. */
export type DecoderSizes = {
  layers: number
  hidden: number
  heads: number
  /** Heads of keys and values; each serves as many heads of queries. */
  kvHeads: number
  /** Width of the feed-forward layer: `intermediate_size`. */
  wide: number
  vocab: number
  /** The most tokens of a text. */
  context: number
}

/** SmolLM2-135M's shape, with a fourth of its context. */
export const SMOLLM2_135M: DecoderSizes = {
  layers: 30,
  hidden: 576,
  heads: 9,
  kvHeads: 3,
  wide: 1536,
  vocab: 49_152,
  context: 2048,
}

/** The base of the rotary angles, and the number that is added to a variance. */
export const ROPE_THETA = 100_000
export const EPSILON = 1e-5

/**
 * The first ids are special tokens (begin, end, padding). None is ever chosen, so an answer is as long as requested.
 */
const MARKS = 3

/** Checks the sizes. @throws RangeError where no such decoder can be built, with the reason in one line */
export function checkSizes({ hidden, heads, kvHeads, wide }: DecoderSizes): void {
  if (hidden % BLOCK || wide % BLOCK)
    throw new RangeError(`hidden and wide are multiples of ${BLOCK}, the block of 4-bit weights`)
  if (hidden % (heads * 16)) throw new RangeError('hidden is a multiple of 16 times the heads')
  if (heads % kvHeads) throw new RangeError('heads are a multiple of kv-heads')
}

/**
 * A Llama with random 4-bit weights, laid out like the hub's q4 exports with GroupQueryAttention. It is for measuring
 * speed, which does not depend on the weights.
 * @throws RangeError as `checkSizes`
 */
export function decoderGraph(sizes: DecoderSizes): ModelProto {
  checkSizes(sizes)
  const { layers, hidden, heads, kvHeads, wide, vocab } = sizes
  const headDim = hidden / heads
  const made = parts()
  const { op, nodes, fourBit } = made
  const norm = (output: string, input: string) =>
    op(output, 'SimplifiedLayerNormalization', [input, made.ones(`${output}.weight`, hidden)], {
      axis: -1,
      epsilon: { float: EPSILON },
      stash_type: 1,
    })

  const lengths = attentionLengths(made)
  const caches = rotaryTables(made, sizes, headDim)
  let x = made.embed('hidden.0', 'input_ids', { entries: vocab, width: hidden })
  for (let layer = 0; layer < layers; layer++) {
    const name = (part: string) => `layers.${layer}.${part}`
    const to = (part: string, input: string, from: number, width: number) =>
      fourBit(name(part), input, { from, to: width })
    const normed = norm(name('norm'), x)
    const attended = op(
      name('attended'),
      'com.microsoft:GroupQueryAttention',
      [
        to('q', normed, hidden, hidden),
        to('k', normed, hidden, kvHeads * headDim),
        to('v', normed, hidden, kvHeads * headDim),
        ...[`past_key_values.${layer}.key`, `past_key_values.${layer}.value`],
        ...lengths,
        ...caches,
      ],
      { num_heads: heads, kv_num_heads: kvHeads, do_rotary: 1, rotary_interleaved: 0 },
    )
    nodes.at(-1)?.output.push(`present.${layer}.key`, `present.${layer}.value`)
    const mixed = op(name('mixed'), 'Add', [x, to('o', attended, hidden, hidden)])
    const fed = norm(name('norm2'), mixed)
    const gate = to('gate', fed, hidden, wide)
    const gated = op(name('silu'), 'Mul', [gate, op(name('sigmoid'), 'Sigmoid', [gate])])
    const product = op(name('product'), 'Mul', [gated, to('up', fed, hidden, wide)])
    x = op(`hidden.${layer + 1}`, 'Add', [mixed, to('down', product, wide, hidden)])
  }
  fourBit('logits', norm('final', x), { from: hidden, to: vocab, silent: MARKS })

  const cache = (name: string, length: string) =>
    valueInfo(name, DATA_TYPE.float32, ['batch_size', kvHeads, length, headDim])
  const ids = (name: string, length: string) => valueInfo(name, DATA_TYPE.int64, ['batch_size', length])
  const kinds = Array.from({ length: layers }, (_, layer) => [`${layer}.key`, `${layer}.value`]).flat()
  return newModel(17, {
    name: 'decoder',
    node: nodes,
    initializer: made.weights,
    input: [
      ids('input_ids', 'sequence_length'),
      ids('attention_mask', 'total_sequence_length'),
      ...kinds.map((kind) => cache(`past_key_values.${kind}`, 'past_sequence_length')),
    ],
    output: [
      valueInfo('logits', DATA_TYPE.float32, ['batch_size', 'sequence_length', vocab]),
      ...kinds.map((kind) => cache(`present.${kind}`, 'total_sequence_length')),
    ],
  })
}

/** From the attention mask: each row's length less one, and the longest possible length. */
function attentionLengths({ op, ints }: Parts): [string, string] {
  const one = ints('one', [1])
  const sum = op('mask.sum', 'ReduceSum', ['attention_mask', one], { keepdims: 1 })
  const last = op('mask.last', 'Sub', [sum, one])
  const seqlens = op('seqlens_k', 'Cast', [last], { to: DATA_TYPE.int32 })
  const shape = op('mask.shape', 'Shape', ['attention_mask'])
  const width = op('mask.width', 'Gather', [shape, ints('axis', [1], [])], { axis: 0 })
  return [seqlens, op('total_length', 'Cast', [width], { to: DATA_TYPE.int32 })]
}

/** Cosines and sines of each position's angles: [context, headDim / 2]. */
function rotaryTables({ floats }: Parts, { context }: DecoderSizes, headDim: number): [string, string] {
  const pairs = headDim / 2
  const angles = Float64Array.from({ length: context * pairs }, (_, i) => {
    return Math.floor(i / pairs) / ROPE_THETA ** ((i % pairs) / pairs)
  })
  const dims = [context, pairs]
  return [floats('cos_cache', dims, angles.map(Math.cos)), floats('sin_cache', dims, angles.map(Math.sin))]
}
