import { TwohopError } from '../../../shared/errors.ts'
import type { Costs } from './costs.ts'
import type { Program } from './program.ts'

/**
 * A place in the program and what comes after it. `at` is a sequence's part or a leaf's state. For a repeat, `at` is
 * how many times it still has to be gone through, and `left` how many times it still may. The empty rest is null.
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
  /** The same with counters that no token can exhaust taken for endless. */
  unbounded: Cell | undefined
}

/** Cells that are remembered before all are forgotten. */
const MOST_CELLS = 32_768
/**
 * Cells that one expansion may pass. What people write passes some hundreds; a grammar of a few hundred bytes whose
 * rules each double their readings would pass more than fit into memory, on the thread that everybody's answers are on.
 */
const MOST_EXPANDED = 8192

/**
 * The cells of a program. Equal ones are the same object, until they are forgotten.
 * @param reach Bytes that the longest token has.
 */
export function createCells({ nodes }: Program, costs: Costs, reach: number) {
  let cells = new Map<string, Cell>()
  let ids = 0

  function cell(node: number, at: number, left: number, next: Cell | null): Cell {
    const key = `${node} ${at} ${left} ${next?.id}`
    const present = cells.get(key)
    if (present !== undefined) return present
    if (cells.size >= MOST_CELLS) cells = new Map()
    const own = costOf(node, at)
    const tokens = own + (next?.tokens ?? 0)
    const skips = own > 0 ? 0 : 1 + (next?.skips ?? 0)
    const made: Cell = { id: ids++, node, at, left, next, tokens, skips, unbounded: undefined }
    cells.set(key, made)
    return made
  }

  function costOf(node: number, at: number): number {
    if (nodes[node]?.kind === 'repeat') {
      const { part } = nodes[node]
      return at === 0 ? 0 : at * (costs.ofNode[part] ?? 0)
    }
    return costs.ofRest[node]?.[at] ?? costs.ofNode[node] ?? Number.POSITIVE_INFINITY
  }

  function enter(node: number, next: Cell | null): Cell {
    const entered = nodes[node]
    return entered?.kind === 'repeat' ? cell(node, entered.min, entered.max, next) : cell(node, 0, 0, next)
  }

  /** Adds the leaves that `first` begins with to `leaves`; true where it may be empty to the end. */
  function expand(first: Cell | null, leaves: Set<Cell>, seen: Set<Cell>): boolean {
    const open: (Cell | null)[] = [first]
    let mayEnd = false
    for (let top = open.pop(); top !== undefined; top = open.pop()) {
      if (top === null) mayEnd = true
      if (top === null || seen.has(top) || top.tokens === Number.POSITIVE_INFINITY) continue
      seen.add(top)
      if (seen.size > MOST_EXPANDED)
        throw new TwohopError('invalid_request', 'The structure can be read in too many ways at once.')
      const node = nodes[top.node]
      if (node === undefined || node.kind === 'leaf') leaves.add(top)
      else if (node.kind === 'choice') for (const option of node.options) open.push(enter(option, top.next))
      else if (node.kind === 'sequence') {
        const part = node.parts[top.at]
        const last = top.at + 1 >= node.parts.length
        if (part === undefined) open.push(top.next)
        else open.push(enter(part, last ? top.next : cell(top.node, top.at + 1, 0, top.next)))
      } else {
        const { node: place, at, left, next } = top
        if (at === 0) open.push(next)
        const after = (taken: number) =>
          left > taken ? cell(place, Math.max(0, at - 1), left - taken, next) : next
        if (left > 0) open.push(enter(node.part, after(1)))
        if (node.double !== undefined && left > 1 && at - 1 <= left - 2)
          open.push(enter(node.double, after(2)))
      }
    }
    return mayEnd
  }

  function unbounded(from: Cell): Cell {
    const chain: Cell[] = []
    let rest: Cell | null = from
    while (rest !== null && rest.unbounded === undefined) {
      chain.push(rest)
      rest = rest.next
    }
    let made: Cell | null = rest?.unbounded ?? null
    for (const one of chain.reverse()) {
      made = cell(one.node, one.at, isEndless(one) ? Number.POSITIVE_INFINITY : one.left, made)
      made.unbounded = made
      one.unbounded = made
    }
    return made ?? from
  }

  /** Whether no token can exhaust the counter, nor what it has to spare for characters that count twice. */
  function isEndless({ node, at, left }: Cell): boolean {
    const counted = nodes[node]
    const spare = counted?.kind === 'repeat' && counted.double !== undefined ? left - at : left
    return Math.min(left, spare) > reach
  }

  function forgetCells(): void {
    cells = new Map()
  }

  return { cell, enter, expand, unbounded, forgetCells }
}
