import { TwohopError } from '../../shared/errors.ts'
import type { ItemError } from '../../shared/tasks.ts'
import type { Row } from './encoder.ts'
import type { Input } from './tokenize.ts'

/** The rows that are left to compute, with their places among the inputs, and the outcome of the others. */
export type Apart = {
  kept: { row: Row; index: number }[]
  /** The items of all inputs, as JSON text: as they were read, or the refusal in its item's place. */
  items(read: readonly string[]): string[]
}

/**
 * Takes out the items that have a refused input. Inputs of one `field` belong to one item.
 * @throws TwohopError the first refusal, where no item is left
 */
export function keepApart(inputs: readonly Input[], rows: readonly (Row | TwohopError)[]): Apart {
  const refusals = new Map<string, TwohopError>()
  for (const [i, row] of rows.entries())
    if (row instanceof TwohopError) refusals.set(inputs[i]?.field ?? '', row)
  const fields = [...new Set(inputs.map(({ field }) => field))]
  const [first] = refusals.values()
  if (first !== undefined && refusals.size === fields.length) throw first
  return {
    kept: rows.flatMap((row, index) =>
      row instanceof TwohopError || refusals.has(inputs[index]?.field ?? '') ? [] : [{ row, index }],
    ),
    items(read) {
      if (refusals.size === 0) return [...read]
      return fields.map((field, i) => {
        const refusal = refusals.get(field)
        if (refusal === undefined) return read[i] ?? 'null'
        const { code, message } = refusal
        return JSON.stringify({ error: { code, message } } satisfies ItemError)
      })
    },
  }
}
