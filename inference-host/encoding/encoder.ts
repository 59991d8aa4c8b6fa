import { InferenceSession, Tensor } from 'onnxruntime-node'
import { floatsOf } from '../onnx/floats.ts'
import { namedAll } from '../onnx/named.ts'

/** One text or pair of texts as token ids; `types` says of each token which of the pair it is in (0 or 1). */
export type Row = { ids: readonly number[]; types: readonly number[] | undefined }

/** One row's part of an output: rows of `width` numbers, one for each of its tokens, or one for all. */
export type Values = { data: Float32Array; width: number }

/** What the model gave for one row, by the name of the output. @throws Error where there is no such output */
export type RowOutputs = (name: string) => Values

/** The names of a graph's outputs, with the length of their rows where the graph says it. */
export type OutputWidths = ReadonlyMap<string, number | undefined>

/** A model that reads whole texts, on its device. */
export type Encoder = {
  readonly outputs: OutputWidths
  /** Calls that may run at once; 1 where they would only wait for one another. */
  readonly lanes: number
  /** Computes some rows in one call. Shorter ones are padded and masked. */
  run(rows: readonly Row[]): Promise<RowOutputs[]>
}

/** An open graph, called on the thread that opened it. */
export type Session = {
  readonly outputs: OutputWidths
  /** Every output for all the rows, one after another. */
  run(rows: readonly Row[]): Promise<Map<string, Values>>
}

export type SessionOptions = {
  device: string
  threads: number
  /** Id of the token that fills up shorter rows. */
  padding: number
}

const INPUTS = new Set(['input_ids', 'attention_mask', 'token_type_ids'])

/**
 * A session of the graph in `file`. onnxruntime is called directly: the steps that transformers.js would add are done
 * here once for all rows.
 * @throws Error where the graph takes an input that is not known here, or does not load
 */
export async function openSession(
  file: string,
  { device, threads, padding }: SessionOptions,
): Promise<Session> {
  const session = await InferenceSession.create(file, {
    executionProviders: [device],
    intraOpNumThreads: threads,
    logSeverityLevel: 4,
  })
  const strange = session.inputNames.find((name) => !INPUTS.has(name))
  if (strange !== undefined) throw new Error(`the graph takes ${strange}, which an encoder is not given`)
  return {
    outputs: new Map(session.outputMetadata.map((output) => [output.name, widthOf(output)])),
    async run(rows) {
      const all = feedsOf(rows, padding)
      const outputs = await session.run(namedAll(all, session.inputNames))
      return new Map(Object.entries(outputs).map(([name, tensor]) => [name, valuesOf(tensor)]))
    },
  }
}

/** What a call gave for each of its `rows`. */
export function rowsOf(outputs: ReadonlyMap<string, Values>, rows: number): RowOutputs[] {
  return Array.from({ length: rows }, (_, i) => (name) => {
    const output = outputs.get(name)
    if (output === undefined) throw new Error(`the model gives no ${name}`)
    const size = output.data.length / rows
    return { data: output.data.subarray(i * size, (i + 1) * size), width: output.width }
  })
}

function widthOf(output: InferenceSession.ValueMetadata): number | undefined {
  const width = output.isTensor ? output.shape.at(-1) : undefined
  return typeof width === 'number' && width > 0 ? width : undefined
}

function feedsOf(rows: readonly Row[], padding: number): Record<string, Tensor> {
  const length = Math.max(...rows.map((row) => row.ids.length))
  const dims = [rows.length, length]
  const ids = new BigInt64Array(rows.length * length).fill(BigInt(padding))
  const mask = new BigInt64Array(ids.length)
  const types = new BigInt64Array(ids.length)
  for (const [i, row] of rows.entries()) {
    const start = i * length
    for (const [j, id] of row.ids.entries()) ids[start + j] = BigInt(id)
    for (const [j, type] of (row.types ?? []).entries()) types[start + j] = BigInt(type)
    mask.fill(1n, start, start + row.ids.length)
  }
  return {
    input_ids: new Tensor('int64', ids, dims),
    attention_mask: new Tensor('int64', mask, dims),
    token_type_ids: new Tensor('int64', types, dims),
  }
}

function valuesOf(tensor: Tensor): Values {
  return { data: floatsOf(tensor), width: tensor.dims.at(-1) ?? 1 }
}
