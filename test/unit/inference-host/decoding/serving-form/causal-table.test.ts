import { expect, test } from 'vitest'
import { toServingForm } from '../../../../../inference-host/decoding/serving-form/rewrite.ts'
import { newNode } from '../../../../../inference-host/onnx/draft.ts'
import { dimsOf } from '../../../../../inference-host/onnx/graph.ts'
import {
  DATA_TYPE,
  type ModelProto,
  type NodeProto,
  type TensorProto,
} from '../../../../../inference-host/onnx/schema.ts'
import { type SpelledOut, spellOutAttention } from '../../../../fixtures/graphs/spelled-out.ts'
import { tinyDecoder } from '../../../../fixtures/graphs/tiny-decoder.ts'

/** An export like GPT-2's, whose causal mask is a table of 100 columns. */
function withTable(
  change: (table: TensorProto, model: ModelProto) => void = () => {},
  options: SpelledOut = {},
) {
  const model = tinyDecoder()
  spellOutAttention(model, { table: 100, ...options })
  for (const tensor of model.graph.initializer) if (tensor.name === 'plain.table') change(tensor, model)
  return model
}

const makerOf = ({ graph }: ModelProto, tensor: string) =>
  graph.node.find(({ output }) => output.includes(tensor))
const tensorOf = ({ graph }: ModelProto, wanted: string | undefined) =>
  graph.initializer.find(({ name }) => name === wanted)

function triangleOf(width: number): Uint8Array {
  const flags = new Uint8Array(width * width)
  for (let row = 0; row < width; row++) flags.fill(1, row * width, row * width + row + 1)
  return flags
}

test('a causal mask that is a constant gets twice its size, once for all layers', () => {
  const model = withTable()
  expect(toServingForm(model)).toMatchObject({ family: 'spelled-out' })
  const readers = model.graph.node.filter(({ input }) => input[0] === 'serving.causal_table')
  expect(readers.map(({ op_type }) => op_type)).toEqual(['Slice', 'Slice'])
  // A cache of 128 columns, which 100 tokens take in steps of 64, and as many new tokens.
  const [columns, rows] = makerOf(model, 'serving.causal_table')?.input ?? []
  const bounds = makerOf(model, columns ?? '')?.input.map((name) => tensorOf(model, name)?.int64_data)
  expect(bounds).toEqual([[0], [256], [1]])
  expect(tensorOf(model, makerOf(model, rows ?? '')?.input[1])?.int64_data).toEqual([1, 1, 256, 1])
  expect(tensorOf(model, 'plain.table')).toBeUndefined()
})

test('a table of bytes that becomes one of booleans first is widened, too, and stays one of bytes', () => {
  const model = withTable((table, { graph }) => {
    table.data_type = DATA_TYPE.uint8
    for (const node of graph.node)
      if (node.op_type === 'Slice' && node.input[0] === table.name) node.input[0] = 'flags'
    graph.node = [newNode('Cast', [table.name ?? ''], ['flags'], { to: DATA_TYPE.bool }), ...graph.node]
  })
  toServingForm(model)
  expect(makerOf(model, 'flags')?.input).toEqual(['serving.table_bytes'])
  expect(makerOf(model, 'serving.table_bytes')?.attribute).toMatchObject([{ i: DATA_TYPE.uint8 }])
})

test.each<[string, ModelProto]>([
  ['with a sliding window in it', withTable(() => {}, { tableWindow: 8 })],
  ['of other numbers', withTable((table) => Object.assign(table, { data_type: DATA_TYPE.float32 }))],
  [
    'in another file',
    withTable((table) => {
      delete table.raw_data
      Object.assign(table, { data_location: 1, external_data: [{ key: 'location', value: 'weights' }] })
    }),
  ],
  ['of several heads', withTable((table) => Object.assign(table, { dims: [1, 4, 50, 50] }))],
  [
    'that something else reads',
    withTable((table, { graph }) => {
      graph.node = [...graph.node, newNode('Not', [table.name ?? ''], ['others'])]
    }),
  ],
])('a table %s is refused in words', (_, model) => {
  expect(() => toServingForm(model)).toThrow(
    expect.objectContaining({
      name: 'Unsupported',
      message: expect.stringContaining('that is no causal mask'),
    }),
  )
})

/** The same export, whose tables take other ways to the rows that are taken of them. */
function cutBy(instead: (taking: NodeProto, table: string) => NodeProto[]): ModelProto {
  const model = withTable()
  model.graph.node = model.graph.node.flatMap((node) => {
    const [table = ''] = node.input
    return node.op_type === 'Slice' && table === 'plain.table' ? instead(node, table) : [node]
  })
  return model
}

/** Takes of what `made` makes of a table. */
const through = (...made: NodeProto[]) =>
  cutBy((taking) => [...made, { ...taking, input: [made.at(-1)?.output[0] ?? '', ...taking.input.slice(1)] }])

const numbered = ({ input: [, from = '', to = ''], output: [taken = ''] }: NodeProto, table: string) => [
  newNode('Range', [from, to, 'one'], ['numbers']),
  newNode('Cast', ['numbers'], ['rows'], { to: DATA_TYPE.int64 }),
  newNode('Gather', [table, 'rows'], [taken], { axis: 2 }),
]

test.each<[string, ModelProto]>([
  ['by the numbers of its rows', cutBy(numbered)],
  ['once it is of another shape', through(newNode('Reshape', ['plain.table', 'shape'], ['reshaped']))],
  [
    'once there is one for each text',
    through(
      newNode('Cast', ['plain.table'], ['floats'], { to: DATA_TYPE.float32 }),
      newNode('Tile', ['floats', 'texts'], ['tables']),
      newNode('Mul', ['tables', 'plain.lowest'], ['hidden']),
    ),
  ],
  ['that is made when the model runs', through(newNode('Trilu', ['plain.table'], ['lower'], { upper: 0 }))],
])('a table of which a part is taken %s is refused in words', (_, model) => {
  expect(() => toServingForm(model)).toThrow(
    expect.objectContaining({
      name: 'Unsupported',
      message: expect.stringContaining('takes a part of a table in a way that is not known'),
    }),
  )
})

test('a table is widened to 64 MiB at most', () => {
  const sized = (width: number) =>
    withTable((table) => Object.assign(table, { dims: [1, 1, width, width], raw_data: triangleOf(width) }))
  toServingForm(sized(4096))
  expect(() => toServingForm(sized(4097))).toThrow(
    expect.objectContaining({
      name: 'Unsupported',
      message: expect.stringContaining('4097 columns, too many to widen'),
    }),
  )
})

test('a square of weights that is no mask stays as it is', () => {
  const model = withTable(() => {}, { learned: { context: 32, hidden: 32 } })
  toServingForm(model)
  expect(dimsOf(tensorOf(model, 'plain.positions') ?? {})).toEqual([32, 32])
  expect(makerOf(model, 'plain.placed')?.input).toEqual(['plain.positions', 'position_ids'])
})
