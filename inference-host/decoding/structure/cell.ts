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
  /** Of all that it consists of but `left`: cells of one hash differ in nearly nothing else. */
  readonly hash: number
  /** Of all that it consists of: cells of one such hash differ in nearly nothing. */
  readonly whole: number
  /** Cells after it, and one of them that is far below, where the same number of cells come after it as in any other such. */
  readonly depth: number
  readonly below: Cell | null
  /** The same with counters that no token can exhaust taken for endless. */
  unbounded: Cell | undefined
  /** What it leads to without a byte, once that was asked for. */
  onward: readonly (Cell | null)[] | undefined
}
