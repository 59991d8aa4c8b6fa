import type { Cell } from './cell.ts'
import type { Costs } from './costs.ts'
import type { Program } from './grammar/program.ts'

/**
 * Cells with the counters that no token can exhaust taken for endless: many cells then become one.
 * @param reach Bytes that the longest token has.
 * @param cell makes a cell, as those of one program are made
 */
export function createEndless(
  { nodes }: Pick<Program, 'nodes'>,
  costs: Costs,
  reach: number,
  cell: (node: number, at: number, left: number, next: Cell | null) => Cell,
): (from: Cell) => Cell {
  const longest = new Map<number, number>()

  function unbounded(from: Cell): Cell {
    const chain: Cell[] = []
    let rest: Cell | null = from
    while (rest !== null && rest.unbounded === undefined) {
      chain.push(rest)
      rest = rest.next
    }
    let made: Cell | null = rest?.unbounded ?? null
    for (const one of chain.reverse()) {
      const left = isEndless(one) ? Number.POSITIVE_INFINITY : one.left
      made = left === one.left && made === one.next ? one : cell(one.node, one.at, left, made)
      made.unbounded = made
      one.unbounded = made
    }
    return made ?? from
  }

  /** Whether no token can exhaust the counter, nor what it has to spare for characters that count twice. */
  function isEndless({ node, at, left }: Cell): boolean {
    const counted = nodes[node]
    // A token can lead to any state of a leaf, and the way from there has to fit too.
    if (counted?.kind === 'leaf') return left - longestWay(node) > reach
    const spare = counted?.kind === 'repeat' && counted.double !== undefined ? left - at : left
    return Math.min(left, spare) > reach
  }

  /** The most units on the way from any state of a leaf to its end. */
  function longestWay(node: number): number {
    const known = longest.get(node)
    if (known !== undefined) return known
    let found = 0
    for (const units of costs.ofUnits[node] ?? []) if (Number.isFinite(units)) found = Math.max(found, units)
    longest.set(node, found)
    return found
  }

  return unbounded
}
