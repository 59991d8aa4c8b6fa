import { TwohopError } from '../../shared/errors.ts'
import type { Spend, TextTokens } from '../tokens/text-tokens.ts'
import { SEND_LESS } from '../work/limits.ts'
import type { Row } from './encoder.ts'

/** A text, or a pair that the model reads together; `field` is where its last text stands in the request. */
export type Input = { text: string; pair?: string; field: string }

type Options = {
  tokens: TextTokens
  /** The most tokens of a row. */
  context: number
  /** Whether what is too long is cut rather than refused. */
  truncate: boolean
  /** Whether a refusal stands in its row's place rather than for all. */
  apart: boolean
  /** Lets others have the thread: called every few milliseconds of work. */
  pause: () => Promise<void>
  now: () => number
  spend?: Spend | undefined
}

/** How long texts are split without a pause, in milliseconds: less than a batch takes. */
const PAUSE_MS = 10

/** The most marks that a tokenizer puts after a text. */
const MOST_MARKS = 8

/**
 * The rows of some inputs, the model's own marks included. The cut takes the end of the last text, so a query stays
 * whole where a document is cut.
 * @throws TwohopError `context_length_exceeded` with the field of the text that is too long, where not `apart`
 */
export async function tokenize(inputs: readonly Input[], options: Options): Promise<(Row | TwohopError)[]> {
  const { tokens, context, truncate, apart, pause, now, spend } = options
  const rows: (Row | TwohopError)[] = []
  let began = now()

  async function rowOf(input: Input): Promise<Row | TwohopError> {
    const { text, pair } = input
    const least = truncate ? 0 : tokens.least(Buffer.byteLength(text) + Buffer.byteLength(pair ?? ''))
    if (least > context) return tooLong(least, false, input, context)
    const read = await tokens.plain(text, { pair, around: true, most: context, spend })
    if (read.ids.length <= context) return read
    const last = truncate && (await tokens.plain(pair ?? text, { around: false, most: context, spend }))
    return (last && cut(read, last.ids, context)) || tooLong(read.ids.length, read.whole, input, context)
  }

  for (const input of inputs) {
    const row = await rowOf(input)
    if (row instanceof TwohopError && !apart) throw row
    rows.push(row)
    if (now() - began < PAUSE_MS) continue
    await pause()
    began = now()
  }
  return rows
}

export function countTokens(rows: readonly Row[]): number {
  return rows.reduce((count, { ids }) => count + ids.length, 0)
}

/**
 * The row without the end of its last text, the marks behind that kept. Undefined where the row is too long even
 * without that text. Undefined also where the text is not found, because the tokenizer splits it otherwise in a pair.
 */
function cut({ ids, types }: Row, last: readonly number[], context: number): Row | undefined {
  const excess = ids.length - context
  if (last.length <= excess) return undefined
  for (let marks = 0; marks <= MOST_MARKS; marks++) {
    const end = ids.length - marks
    if (!last.every((id, i) => ids[end - last.length + i] === id)) continue
    const without = (list: readonly number[]) => [...list.slice(0, end - excess), ...list.slice(end)]
    return { ids: without(ids), types: types && without(types) }
  }
  return undefined
}

function tooLong(count: number, exact: boolean, { field }: Input, context: number): TwohopError {
  return new TwohopError(
    'context_length_exceeded',
    `This text has ${exact ? '' : 'at least '}${count} tokens; the model holds ${context}. ${SEND_LESS}`,
    { param: field },
  )
}
