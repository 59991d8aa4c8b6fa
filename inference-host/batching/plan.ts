/** A prompt that is not computed yet. */
export type Waiting = {
  /** Tokens still to compute, at least 1. */
  left: number
  begun: boolean
  /** Another one is just computing a prefix that this one can reuse: it had better wait for it. */
  blocked: boolean
}

/** The next chunk: of which prompt, and how many of its tokens. */
export type Chunk = { index: number; tokens: number }

/**
 * Chooses the next chunk. `waiting` is in order of arrival. Steps take turns: the oldest prompt has one, the one with
 * the least left the next, so that a short prompt does not wait for a long one, nor the long one for ever.
 * Only two are ever begun, which bounds what is held for half-computed prompts.
 * @param budget the most tokens, at least 2. @returns undefined where nothing waits.
 */
export function nextChunk(
  waiting: readonly Waiting[],
  budget: number,
  turn: 'oldest' | 'shortest',
): Chunk | undefined {
  const begun = waiting.filter((one) => one.begun).length
  const eligible = [...waiting.keys()]
    .filter((i) => i === 0 || waiting[i]?.begun || begun < 2)
    .filter((i) => !isBlocked(waiting, i))
  const index =
    turn === 'oldest'
      ? eligible[0]
      : eligible.reduce<number | undefined>(
          (best, i) => (best === undefined || leftOf(waiting, i) < leftOf(waiting, best) ? i : best),
          undefined,
        )
  return index === undefined ? undefined : { index, tokens: chunkSize(leftOf(waiting, index), budget) }
}

const leftOf = (waiting: readonly Waiting[], index: number) => waiting[index]?.left ?? 0
const isBlocked = (waiting: readonly Waiting[], index: number) => waiting[index]?.blocked === true

/**
 * Tokens of the next chunk of a prompt with `left` to go. Never leaves one: a call with a single new token takes
 * another kernel, whose results differ in the last bits, and the outputs would depend on how a prompt was cut.
 */
export function chunkSize(left: number, budget: number): number {
  const size = Math.min(left, Math.max(2, budget))
  if (left - size !== 1) return size
  return size > 2 ? size - 1 : left
}
