/** What may still be computed for one request. It counts steps, not time, so that the same request fares the same anywhere. */
export type Budget = {
  /** @throws TooLarge once more is spent than there was. */
  spend(steps: number): void
}

/** Thrown where patterns together are too much to be followed. The caller knows the field. */
export class TooLarge extends Error {}

/** Steps that the patterns of one request may take together: about half a second. */
const MOST_STEPS = 300_000

/** @param above What is spent is spent there too. */
export function createBudget(steps = MOST_STEPS, above?: Budget): Budget {
  let left = steps
  return {
    spend(some) {
      left -= some
      if (left < 0) throw new TooLarge()
      above?.spend(some)
    },
  }
}
