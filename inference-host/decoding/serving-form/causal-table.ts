import type { Draft } from '../../onnx/draft.ts'
import { rawBytes } from '../../onnx/file.ts'
import { dimsOf, type GraphIndex, label, usesOf } from '../../onnx/graph.ts'
import { DATA_TYPE, type NodeProto, type TensorProto } from '../../onnx/schema.ts'
import { Unsupported } from '../../onnx/unsupported.ts'
import { roundUp, SIZES } from '../batching/sizes.ts'

/** What may stand between a table and the part of it that is taken. */
const PASSES = new Set(['Cast', 'Identity'])

/** What else a table may go through before a part is taken. Such tables are not widened. */
const SHAPES = new Set([
  ...['Expand', 'Reshape', 'Squeeze', 'Tile', 'Unsqueeze'],
  ...['Add', 'And', 'Equal', 'Mul', 'Not', 'Or', 'Sub', 'Where'],
])

/** Through these, numbers of rows still are numbers of rows. */
const COUNTS = new Set([
  ...['Add', 'Cast', 'Concat', 'Expand', 'Identity', 'Reshape', 'Squeeze', 'Sub', 'Unsqueeze', 'Where'],
])

/** Of these the widened table takes 64 MiB, beside the model's weights. */
const MOST_COLUMNS = 4096

/**
 * Makes room in causal masks that are constants, in place. Exports of GPT-2 have a square table of booleans, as wide as the
 * context. They take its last rows and first columns, as many as there are new tokens and keys (`bias` in
 * https://github.com/huggingface/transformers/blob/v4.46.0/src/transformers/models/gpt2/modeling_gpt2.py). A padded cache
 * has up to a whole context of keys before the new tokens, so that the table would end too early. It gets twice its size.
 * @throws Unsupported where such a table is no plain triangle: every other layer of GPT-Neo has a sliding window in it. Also
 * where a part of one is taken in another way, as in Llama of transformers 4.38 (`_update_causal_mask`): short texts, with
 * which a form is verified, do not show that it ends too early.
 */
export function widenCausalTables(draft: Draft): void {
  const { graph, index } = draft
  const wider = new Map<string, string>()
  const made = new Map<string, string>()
  for (const node of graph.node) {
    const found = node.op_type === 'Slice' ? squareTable(node.input[0] ?? '', index) : undefined
    if (found === undefined || wider.has(found.name)) continue
    refuseOthers(found, node, index)
    const kind = `${found.table.data_type} ${dimsOf(found.table).join(' ')}`
    const name = made.get(kind) ?? triangle(draft, found.table)
    made.set(kind, name)
    wider.set(found.name, name)
  }
  refuseOtherCuts(draft, wider)
  for (const node of graph.node) node.input = node.input.map((name) => wider.get(name) ?? name)
  graph.initializer = graph.initializer.filter(({ name = '' }) => !wider.has(name))
}

type Square = { name: string; table: TensorProto }

/** The constant that a tensor comes from, where its last two dimensions are alike. */
function squareTable(tensor: string, index: GraphIndex): Square | undefined {
  let name = tensor
  for (let node = index.producer(name); node && PASSES.has(node.op_type); node = index.producer(name))
    name = node.input[0] ?? ''
  const table = index.constant(name)
  return table && isSquare(table) ? { name, table } : undefined
}

function isSquare(tensor: TensorProto): boolean {
  const [rows = 0, columns] = dimsOf(tensor).slice(-2)
  return rows > 1 && rows === columns
}

/** Weights may be square, too. No part of these is taken by a length. */
function refuseOtherCuts({ graph, index }: Draft, wider: ReadonlyMap<string, string>): void {
  const made = graph.node.filter(({ op_type }) => op_type === 'Constant' || op_type === 'Trilu')
  const names = [...graph.initializer.map(({ name = '' }) => name), ...made.flatMap(({ output }) => output)]
  const tables = new Set(
    names.filter((name) => {
      const tensor = index.constant(name)
      return index.isConstant(name) && !wider.has(name) && (tensor === undefined || isSquare(tensor))
    }),
  )
  const stays = ({ op_type }: NodeProto) => PASSES.has(op_type) || SHAPES.has(op_type)
  for (const { node, tensor } of usesOf(index, tables, stays))
    if (node.input[0] === tensor && goesByLength(node, index))
      throw new Unsupported(`${label(node)} takes a part of a table in a way that is not known`)
}

/** Whether a node takes as many rows or columns as there are tokens. */
function goesByLength({ op_type, input }: NodeProto, index: GraphIndex): boolean {
  if (op_type === 'Slice') return input.slice(1, 3).some((bound) => !index.isConstant(bound))
  return op_type.startsWith('Gather') && isCounted(input[1] ?? '', index)
}

/** Whether a tensor is made of a count: 0, 1, 2 and so on. */
function isCounted(tensor: string, index: GraphIndex): boolean {
  const from = new Set([tensor])
  for (const name of from) {
    const node = index.producer(name)
    if (node?.op_type === 'Range') return true
    if (node !== undefined && COUNTS.has(node.op_type)) for (const input of node.input) from.add(input)
  }
  return false
}

function refuseOthers({ name, table }: Square, reader: NodeProto, index: GraphIndex): void {
  const dims = dimsOf(table)
  const width = dims.at(-1) ?? 0
  if (width > MOST_COLUMNS)
    throw new Unsupported(`${label(reader)} reads a table of ${width} columns, too many to widen`)
  const isFlag = table.data_type === DATA_TYPE.bool || table.data_type === DATA_TYPE.uint8
  const flags = isFlag ? rawBytes(table) : undefined
  const isTriangle =
    flags?.length === width * width &&
    flags.every((flag, i) => flag === Number(i % width <= Math.floor(i / width)))
  const other = index.consumers(name).find(({ op_type }) => op_type !== 'Slice' && !PASSES.has(op_type))
  if (!isTriangle || other !== undefined)
    throw new Unsupported(
      `${label(other ?? reader)} reads a table of ${width} columns that is no causal mask, such as a sliding window`,
    )
}

/** Where a row is not before a column, in a square that no padded cache with new tokens exceeds. */
function triangle({ add, ints }: Draft, table: TensorProto): string {
  const dims = dimsOf(table)
  const width = 2 * roundUp(dims.at(-1) ?? 0, SIZES.stride)
  const bound = (value: number) => ints('serving.table_bound', [value], [])
  const columns = add('serving.table_columns', 'Range', [bound(0), bound(width), bound(1)])
  const tall = ints('serving.table_shape', [...dims.slice(0, -2), width, 1])
  const rows = add('serving.table_rows', 'Reshape', [columns, tall])
  const seen = add('serving.causal_table', 'LessOrEqual', [columns, rows])
  return table.data_type === DATA_TYPE.bool
    ? seen
    : add('serving.table_bytes', 'Cast', [seen], { to: DATA_TYPE.uint8 })
}
