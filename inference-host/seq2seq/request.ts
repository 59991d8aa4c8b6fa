import { at } from '../platform/at.ts'
import type { ChooseToken } from './choose-token.ts'
import type { Step } from './encoder-decoder.ts'

/**
 * What was computed for a text. `computeMs` is its share of each call that it had a part in, and what the choice of its
 * tokens took. It is not rounded.
 */
export type Seq2seqEnd = { computeMs: number } & How
type How = { how: 'finished' } | { how: 'stopped' } | { how: 'failed'; cause: unknown }

/** One text to be summarized or translated. `ended` comes exactly once in any case, and nothing is called after it. */
export type Seq2seqRequest = {
  /** The text's token ids, at least one. */
  text: readonly number[]
  /** The most tokens to write, at least 1. */
  most: number
  /** Whether those that wait beside it go first. */
  background?: boolean | undefined
  choose: ChooseToken
  /** Takes each token as it comes; true ends the text. `last` says that `most` is reached: it ends either way. */
  take(id: number, last: boolean): boolean
  /** Asked before each call; true ends the text there. */
  stopped(): boolean
  /** The text is being read. */
  started(): void
  ended(end: Seq2seqEnd): void
}

/** A text on its way. */
export type Row = {
  readonly request: Seq2seqRequest
  /** The token that it wrote last, and how many these are. */
  last: number
  count: number
  /** Steps that it stood still for younger ones to catch up. */
  paused: number
  computeMs: number
  over: boolean
}

/** A text with no output yet. The decoder starts with the token `start`. */
export function createRow(request: Seq2seqRequest, start: number): Row {
  return { request, last: start, count: 0, paused: 0, computeMs: 0, over: false }
}

/** Ends a text, unless it has ended already. */
export function endRow(row: Row, how: How): void {
  if (row.over) return
  row.over = true
  row.request.ended({ computeMs: row.computeMs, ...how })
}

/**
 * Gives each row its next token, and its share of the call's milliseconds. An error from one of them ends only that
 * one.
 */
export function advance(
  rows: readonly Row[],
  { logits }: Pick<Step, 'logits'>,
  ms: (row: Row) => number,
  now: () => number,
): void {
  for (const [i, row] of rows.entries()) {
    row.computeMs += ms(row)
    const how = taken(row, () => at(logits, i), now)
    if (how !== undefined) endRow(row, how)
  }
}

/** How a text ends with its next token, whose choice is its own compute; undefined where it goes on. */
function taken(row: Row, logits: () => Float32Array, now: () => number): How | undefined {
  const began = now()
  try {
    row.last = row.request.choose(logits())
    row.count++
    const last = row.count >= row.request.most
    return row.request.take(row.last, last) || last ? { how: 'finished' } : undefined
  } catch (cause) {
    return { how: 'failed', cause }
  } finally {
    row.computeMs += now() - began
  }
}
