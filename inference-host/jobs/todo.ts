/** Inputs of a job that have no result yet. */
export type Todo = {
  readonly left: number
  /** Milliseconds since the epoch before which none is to be begun. */
  readonly notBefore: number
  /** Takes out the input with the lowest index. It comes with the number of its try, from 1 on. */
  take(): { index: number; attempt: number } | undefined
  /** Puts back an input that came to nothing, and begins none for so many milliseconds. */
  putBack(index: number, ms: number): void
}

/** @param now milliseconds since the epoch */
export function createTodo(indexes: readonly number[], now: () => number): Todo {
  const waiting = [...indexes].sort(byIndex)
  const attempts = new Map<number, number>()
  let notBefore = 0

  return {
    get left() {
      return waiting.length
    },
    get notBefore() {
      return notBefore
    },
    take() {
      const index = waiting.shift()
      if (index === undefined) return undefined
      const attempt = (attempts.get(index) ?? 0) + 1
      attempts.set(index, attempt)
      return { index, attempt }
    },
    putBack(index, ms) {
      waiting.push(index)
      waiting.sort(byIndex)
      notBefore = now() + ms
    },
  }
}

function byIndex(one: number, other: number): number {
  return one - other
}
