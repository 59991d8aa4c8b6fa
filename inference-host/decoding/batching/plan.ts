import type { DecoderShape } from './shape.ts'

/** A prompt that is not computed yet. */
export type Waiting = {
  /** Tokens still to compute, at least 1. */
  left: number
  begun: boolean
  /** Another prompt is computing a prefix that this one can reuse, so this one had better wait. */
  blocked: boolean
  /** Its account has nothing running: the account's first answer begins with this prompt. */
  newcomer: boolean
  /** Where its next token stands. */
  at: number
}

/** How a decoder takes the new tokens of a call; see DecoderShape. */
export type Columns = Pick<DecoderShape, 'mostColumns' | 'columnBlock' | 'fixedChunks'>

/**
 * Which prompt's turn it is: the oldest one's, or that of the prompt with the least left; among all, or newcomers
 * first.
 */
export type Turn = { order: 'oldest' | 'shortest'; newcomersFirst: boolean }

/**
 * The `count`th step's turn. Newcomers come first, but in one step of 32, so that a stream of them keeps nobody
 * waiting for ever.
 */
export function turnOf(count: number): Turn {
  return { order: count % 2 === 0 ? 'shortest' : 'oldest', newcomersFirst: count % 32 !== 31 }
}

/** The turn of newcomers with short prompts. */
export const NEWCOMERS: Turn = { order: 'shortest', newcomersFirst: true }

/**
 * Budgets that a newcomer's prompt may take to be computed at once: about three times the decoding's time, since the
 * budget goes by the pace of small chunks, and large ones take half as long a token.
 */
const AT_ONCE = 6

/** The next chunk: its prompt, its number of tokens, and whether it is the whole prompt of a newcomer. */
export type NextChunk = { index: number; tokens: number; newcomer: boolean }

/**
 * Chooses the next chunk. `waiting` is in order of arrival. Steps take turns: the oldest prompt has one, and the prompt
 * with the least left has the next. So a short prompt does not wait for a long one, nor a long one for ever. Two
 * prompts are begun at most, or three with a newcomer's. That bounds what is held for half-computed prompts.
 *
 * A newcomer's short prompt is computed at once, beyond the budget. Cut into chunks between the steps of a full batch,
 * it would wait for a whole step with each chunk, ten times as long as alone.
 * @param budget the most tokens, at least 2
 * @returns undefined where nothing waits
 */
export function nextChunk(
  waiting: readonly Waiting[],
  budget: number,
  { order, newcomersFirst }: Turn,
  columns: Columns = {},
): NextChunk | undefined {
  const begun = waiting.filter((one) => one.begun).length
  const eligible = [...waiting.entries()].filter(
    ([i, one]) => !one.blocked && (i === 0 || one.begun || begun < (one.newcomer ? 3 : 2)),
  )
  const newcomers = eligible.filter(([, { newcomer }]) => newcomer)
  const [first, ...others] = newcomersFirst && newcomers.length > 0 ? newcomers : eligible
  if (first === undefined) return undefined
  const shorter = (best: typeof first, one: typeof first) => (one[1].left < best[1].left ? one : best)
  const [index, chosen] = order === 'oldest' ? first : others.reduce(shorter, first)
  const atOnce = chosen.newcomer && !chosen.begun && chosen.left <= AT_ONCE * budget
  const tokens = chunkSize(chosen, atOnce ? chosen.left : budget, columns)
  return { index, tokens, newcomer: atOnce }
}

/**
 * Tokens of the next chunk of a prompt with `left` to go. What comes of a prompt does not depend on how it is cut:
 * - A chunk never leaves a single token, nor is it one. A call with one new token takes another kernel, and that kernel's
 *   results differ in the last bits.
 * - A chunk is even unless it is the last. Some kernels take tokens two by two, and one that is left in another way.
 * - The last of `columnBlock` + 1 tokens is such a single one within a call. So only the last chunk of a prompt whose
 *   whole length leaves 1 has so many, and it always has: see `lastTogether`.
 * - With `fixedChunks` the chunk goes to the next place where all prompts are cut, whatever the budget.
 */
export function chunkSize(
  { left, at }: Pick<Waiting, 'left' | 'at'>,
  budget: number,
  columns: Columns = {},
): number {
  const {
    mostColumns = Number.POSITIVE_INFINITY,
    columnBlock = Number.POSITIVE_INFINITY,
    fixedChunks,
  } = columns
  if (fixedChunks !== undefined) return Math.min(left, fixedChunks - (at % fixedChunks))
  const most = Math.min(left, Math.max(2, Math.min(budget, mostColumns)))
  const together = lastTogether(at + left, columns)
  if (left <= together || (together > LAST && most === left && left % columnBlock === 1)) return left
  const before = together > LAST ? left - together : left
  for (let size = Math.min(most, before); size > 1; size--)
    if (before - size !== 1 && size % columnBlock !== 1 && (size % 2 === 0 || size === left)) return size
  return before
}

/** Tokens at the end of a prompt that are always computed, together, even if all are cached: their logits are needed. */
export function lastTogether(length: number, { columnBlock, fixedChunks }: Columns): number {
  if (columnBlock === undefined || fixedChunks !== undefined) return LAST
  return length > columnBlock && length % columnBlock === 1 ? columnBlock + 1 : LAST
}

const LAST = 2
