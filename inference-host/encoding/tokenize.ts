import type { PreTrainedTokenizer } from '@huggingface/transformers'
import { TwohopError } from '../../shared/errors.ts'
import type { Row } from './encoder.ts'

/** A text, or a pair that the model reads together; `field` is where its last text stands in the request. */
export type Input = { text: string; pair?: string; field: string }

type Options = {
  tokenizer: PreTrainedTokenizer
  /** The most tokens of a row. */
  context: number
  /** Whether what is too long is cut rather than refused. */
  truncate: boolean
  /** Whether a refusal stands in its row's place rather than for all. */
  apart: boolean
  /** Lets others have the thread: called every few milliseconds of work. */
  pause: () => Promise<void>
  now: () => number
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
  const { tokenizer, context, truncate, apart, pause, now } = options
  const rows: (Row | TwohopError)[] = []
  let began = now()
  for (const input of inputs) {
    const whole = rowOf(tokenizer, input)
    const fits = whole.ids.length <= context
    const row = fits ? whole : truncate ? cut(whole, lastIds(tokenizer, input), context) : undefined
    if (row === undefined && !apart) throw tooLong(whole, input, context)
    rows.push(row ?? tooLong(whole, input, context))
    if (now() - began < PAUSE_MS) continue
    await pause()
    began = now()
  }
  return rows
}

export function countTokens(rows: readonly Row[]): number {
  return rows.reduce((count, { ids }) => count + ids.length, 0)
}

function rowOf(tokenizer: PreTrainedTokenizer, { text, pair }: Input): Row {
  const { ids, token_type_ids } = tokenizer._tokenizer.encode(text, {
    text_pair: pair ?? null,
    return_token_type_ids: true,
  })
  return { ids, types: pair === undefined ? undefined : token_type_ids }
}

function lastIds(tokenizer: PreTrainedTokenizer, { text, pair }: Input): number[] {
  return tokenizer.encode(pair ?? text, { add_special_tokens: false })
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

function tooLong({ ids }: Row, { field }: Input, context: number): TwohopError {
  return new TwohopError(
    'context_length_exceeded',
    `This text has ${ids.length} tokens; the model holds ${context}.`,
    { param: field },
  )
}
