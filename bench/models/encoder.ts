import { newModel, valueInfo } from '../../inference-host/onnx/draft.ts'
import { DATA_TYPE, type ModelProto } from '../../inference-host/onnx/schema.ts'
import { parts } from './weights.ts'

/** The sizes of an encoder, by the names of a BERT's config.json. */
export type EncoderSizes = {
  layers: number
  hidden: number
  heads: number
  /** Width of the feed-forward layer: `intermediate_size`. */
  wide: number
  vocab: number
  /** The most tokens of a text. */
  context: number
}

/** The shape of all-MiniLM-L6-v2. */
export const MINILM_L6: EncoderSizes = {
  layers: 6,
  hidden: 384,
  heads: 12,
  wide: 1536,
  vocab: 30_522,
  context: 512,
}

export const EPSILON = 1e-12

/**
 * A BERT with random weights, stored as 8-bit numbers and computed in float32. It is for measuring speed, which does
 * not depend on the weights.
 */
export function encoderGraph({ layers, hidden, heads, wide, vocab, context }: EncoderSizes): ModelProto {
  const made = parts()
  const { op, ints, floats, nodes } = made
  const norm = (output: string, input: string) => {
    const weights = [made.ones(`${output}.weight`, hidden), made.zeros(`${output}.bias`, hidden)]
    return op(output, 'LayerNormalization', [input, ...weights], { axis: -1, epsilon: { float: EPSILON } })
  }
  const half = floats('half', [], [0.5])
  const one = floats('one', [], [1])
  const root2 = floats('root2', [], [Math.SQRT2])
  const root = floats('root', [], [Math.sqrt(hidden / heads)])
  const apart = ints('apart', [0, 0, heads, hidden / heads])
  const together = ints('together', [0, 0, hidden])

  const bias = padding()
  let x = norm('hidden.0', embeddings())
  for (let layer = 0; layer < layers; layer++) {
    const name = (part: string) => `layers.${layer}.${part}`
    const split = (part: string, perm: number[]) => {
      const all = made.dense(name(part), x, { from: hidden, to: hidden })
      return op(name(`${part}.heads`), 'Transpose', [op(name(`${part}.apart`), 'Reshape', [all, apart])], {
        perm,
      })
    }
    const raw = op(name('raw'), 'MatMul', [split('q', [0, 2, 1, 3]), split('k', [0, 2, 3, 1])])
    const scores = op(name('scores'), 'Add', [op(name('scaled'), 'Div', [raw, root]), bias])
    const share = op(name('share'), 'Softmax', [scores], { axis: -1 })
    const mixed = op(name('mixed'), 'MatMul', [share, split('v', [0, 2, 1, 3])])
    const joined = op(
      name('joined'),
      'Reshape',
      [op(name('back'), 'Transpose', [mixed], { perm: [0, 2, 1, 3] }), together],
      {},
    )
    const out = made.dense(name('out'), joined, { from: hidden, to: hidden })
    const seen = norm(name('seen'), op(name('sum'), 'Add', [out, x]))
    const fed = gelu(name('gelu'), made.dense(name('up'), seen, { from: hidden, to: wide }))
    const down = made.dense(name('down'), fed, { from: wide, to: hidden })
    const next = layer === layers - 1 ? 'last_hidden_state' : `hidden.${layer + 1}`
    x = norm(next, op(name('sum2'), 'Add', [down, seen]))
  }

  const dims = ['batch_size', 'sequence_length']
  return newModel(17, {
    name: 'encoder',
    node: nodes,
    initializer: made.weights,
    input: ['input_ids', 'attention_mask', 'token_type_ids'].map((name) =>
      valueInfo(name, DATA_TYPE.int64, dims),
    ),
    output: [valueInfo('last_hidden_state', DATA_TYPE.float32, [...dims, hidden])],
  })

  /** Embeds words, their positions and which text of a pair they are in. */
  function embeddings(): string {
    const words = made.embed('words', 'input_ids', { entries: vocab, width: hidden })
    const kinds = made.embed('kinds', 'token_type_ids', { entries: 2, width: hidden })
    const length = op('length', 'Squeeze', [op('shape', 'Shape', ['input_ids'], { start: 1, end: 2 })])
    const range = op('range', 'Range', [ints('from', [0], []), length, ints('step', [1], [])])
    const places = made.embed('places', range, { entries: context, width: hidden })
    return op('embedded', 'Add', [op('typed', 'Add', [words, kinds]), places])
  }

  /** 0 where a text has a token, a very low number where it is padded: [rows, 1, 1, tokens]. */
  function padding(): string {
    const mask = op('mask', 'Cast', ['attention_mask'], { to: DATA_TYPE.float32 })
    const low = op('low', 'Mul', [op('missing', 'Sub', [mask, one]), floats('lowest', [], [3e38])])
    return op('padding', 'Unsqueeze', [low, ints('padding.axes', [1, 2])])
  }

  /** x * (erf(x / sqrt 2) + 1) / 2, in the form that ONNX Runtime knows. */
  function gelu(output: string, input: string): string {
    const erf = op(`${output}.erf`, 'Erf', [op(`${output}.by`, 'Div', [input, root2])])
    const twice = op(`${output}.twice`, 'Mul', [input, op(`${output}.plus`, 'Add', [erf, one])])
    return op(output, 'Mul', [twice, half])
  }
}
