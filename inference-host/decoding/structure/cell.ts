/**
 * A place in the program and what comes after it. `at` is a sequence's part or a leaf's state. For a repeat, `at` is
 * how many times it still has to be gone through, and `left` how many times it still may. For a counted leaf, `left` is how many
 * UTF-16 units it may still write. The empty rest is null.
 */
export type Cell = {
  readonly id: number
  readonly node: number
  readonly at: number
  readonly left: number
  readonly next: Cell | null
  /** Tokens that suffice to finish from here. */
  readonly tokens: number
  /** How many cells from here on may be passed without a byte: what it takes to go on after a leaf. */
  readonly skips: number
  /** A hash of all parts but `left`: cells of the same hash hardly ever differ in anything else. */
  readonly hash: number
  /** A hash of all parts: cells of the same hash hardly ever differ. */
  readonly whole: number
  /** How many cells come after it. */
  readonly depth: number
  /** A cell far below it, at a depth that follows from its own `depth`. */
  readonly below: Cell | null
  /** This cell with counters that no token can exhaust taken for endless. */
  unbounded: Cell | undefined
  /** What it leads to without a byte, once that was asked for. */
  onward: readonly (Cell | null)[] | undefined
}
