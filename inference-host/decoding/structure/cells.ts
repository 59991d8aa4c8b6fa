import type { Cell } from './cell.ts'
import type { Costs } from './costs.ts'
import { createEndless } from './endless.ts'
import type { Node, Program } from './grammar/program.ts'

/** Bytes of memory that a cell takes with its entry in the map. Measured; a test holds it. */
const CELL_BYTES = 292
/**
 * Cells that one expansion may pass. What people write passes some hundreds, and 3,100 where any of 512 properties may come
 * next; a grammar of a few hundred bytes whose
 * rules each double their readings would pass more than fit into memory, on the thread that everybody's answers are on.
 */
const MOST_EXPANDED = 4096

/** What cells lead to without a byte. */
export type Expansion = {
  /** The leaves that they begin with. */
  readonly leaves: Set<Cell>
  /** Whether one of them may be empty to the end. */
  mayEnd: boolean
  readonly seen: Set<Cell>
  /** There were too many ways to go on with, and some are left out. */
  cut: boolean
}

/** Of no cells yet. */
export function emptyExpansion(): Expansion {
  return { leaves: new Set(), mayEnd: false, seen: new Set(), cut: false }
}

/**
 * The cells of a program. Equal ones are the same object, until they are forgotten.
 * @param reach Bytes that the longest token has.
 */
export function createCells({ nodes }: Program, costs: Costs, reach: number) {
  let cells = new Map<string, Cell>()
  let ids = 0
  let counted = 0

  function cell(node: number, at: number, left: number, next: Cell | null): Cell {
    const key = `${node} ${at} ${left} ${next?.id}`
    const present = cells.get(key)
    if (present !== undefined) return present
    const own = costOf(nodes[node], costs, node, at)
    const tokens = own + (next?.tokens ?? 0)
    const skips = own > 0 ? 0 : 1 + (next?.skips ?? 0)
    const hash = mixed(mixed(next?.hash ?? 0, node), at)
    const whole = mixed(
      mixed(mixed(next?.whole ?? 0, node), at),
      left === Number.POSITIVE_INFINITY ? -1 : left,
    )
    const depth = next === null ? 0 : next.depth + 1
    const id = ids++
    const below = belowOf(next)
    const made: Cell = {
      id,
      node,
      at,
      left,
      next,
      tokens,
      skips,
      hash,
      whole,
      depth,
      below,
      unbounded: undefined,
      onward: undefined,
    }
    cells.set(key, made)
    return made
  }

  function enter(node: number, next: Cell | null): Cell {
    const entered = nodes[node]
    if (entered?.kind === 'repeat') return cell(node, entered.min, entered.max, next)
    return cell(node, 0, entered?.kind === 'leaf' ? (entered.counted?.most ?? 0) : 0, next)
  }

  /** What a cell leads to without a byte. A leaf leads to nothing. */
  function onward(from: Cell): readonly (Cell | null)[] {
    from.onward ??= onwardOf(from)
    return from.onward
  }

  function onwardOf({ node: place, at, left, next }: Cell): (Cell | null)[] {
    const node = nodes[place]
    if (node === undefined || node.kind === 'leaf') return []
    if (node.kind === 'choice') return node.options.map((option) => enter(option, next))
    if (node.kind === 'sequence') {
      const part = node.parts[at]
      if (part === undefined) return [next]
      return [enter(part, at + 1 >= node.parts.length ? next : cell(place, at + 1, 0, next))]
    }
    const after = (taken: number) =>
      left > taken ? cell(place, Math.max(0, at - 1), left - taken, next) : next
    const found: (Cell | null)[] = at === 0 ? [next] : []
    if (left > 0) found.push(enter(node.part, after(1)))
    if (node.double !== undefined && left > 1 && at - 1 <= left - 2) found.push(enter(node.double, after(2)))
    return found
  }

  /** Adds what `first` leads to, as far as one expansion may go. */
  function expand(first: Cell | null, into: Expansion): void {
    const { leaves, seen } = into
    const open: (Cell | null)[] = [first]
    for (let top = open.pop(); top !== undefined; top = open.pop()) {
      if (top === null) into.mayEnd = true
      if (top === null || seen.has(top) || top.tokens === Number.POSITIVE_INFINITY) continue
      if (seen.size >= MOST_EXPANDED) {
        into.cut = true
        return
      }
      seen.add(top)
      if (nodes[top.node]?.kind === 'leaf') leaves.add(top)
      else open.push(...onward(top))
    }
  }

  /** Adds the one way from any of `firsts` on that is the shortest to the end. It takes no choice, so it is always short. */
  function expandShortest(firsts: readonly (Cell | null)[], into: Expansion): void {
    let at = shortest(firsts)
    while (at !== null && at !== undefined && nodes[at.node]?.kind !== 'leaf') at = shortest(onward(at))
    if (at === null) into.mayEnd = true
    else if (at !== undefined) into.leaves.add(at)
  }

  /** Cells lead to one another, so each is told to let go of those that it does not consist of. */
  function forgetCells(): void {
    for (const one of cells.values()) {
      one.unbounded = undefined
      one.onward = undefined
    }
    cells = new Map()
    counted = 0
  }

  /** Bytes of the cells that were made since it was asked last. */
  function newBytes(): number {
    const made = cells.size - counted
    counted = cells.size
    return made * CELL_BYTES
  }

  const unbounded = createEndless({ nodes }, costs, reach, cell)
  return { cell, enter, expand, expandShortest, unbounded, forgetCells, newBytes }
}

/** Tokens that suffice for what is left of a node itself. */
function costOf(what: Node | undefined, costs: Costs, node: number, at: number): number {
  if (what?.kind === 'repeat') return at === 0 ? 0 : at * (costs.ofNode[what.part] ?? 0)
  return costs.ofRest[node]?.[at] ?? costs.ofNode[node] ?? Number.POSITIVE_INFINITY
}

/** Of a hash, one that depends on `value` too (the step of MurmurHash3). */
function mixed(hash: number, value: number): number {
  const rotated = Math.imul(value, 0xcc9e2d51)
  const both = hash ^ Math.imul((rotated << 15) | (rotated >>> 17), 0x1b873593)
  return (Math.imul((both << 13) | (both >>> 19), 5) + 0xe6546b64) | 0
}

/**
 * A cell below one that `next` comes after, as a skew-binary list has it (Myers 1983): from any cell to any below it
 * leads a way of some 2 log2(depth) steps.
 */
function belowOf(next: Cell | null): Cell | null {
  const first = next?.below ?? null
  if (next === null || first === null) return next
  const second = first.below
  return second !== null && next.depth - first.depth === first.depth - second.depth ? second : next
}

/**
 * An order of cells that is the same whatever else was followed before, and what of it was forgotten. Counters decide last, so
 * that cells stand like those that have the same counters taken for endless. The lowest that differs decides: it is found
 * without a look at each cell, of which an answer can pile up thousands.
 */
export function inOrder(a: Cell, b: Cell): number {
  if (a.hash !== b.hash) return a.hash - b.hash
  if (a.depth !== b.depth) return a.depth - b.depth
  if (a.whole === b.whole) return 0
  let [one, other] = [a, b]
  while (one.next !== null && other.next !== null && one.next.whole !== other.next.whole) {
    const far = one.below !== null && other.below !== null && one.below.whole !== other.below.whole
    one = (far ? one.below : null) ?? one.next
    other = (far ? other.below : null) ?? other.next
  }
  return one.node - other.node || one.at - other.at || (one.left < other.left ? -1 : 1)
}

/** The one of which the fewest tokens are left; null is the end. Undefined where there is none. */
function shortest(cells: readonly (Cell | null)[]): Cell | null | undefined {
  let found: Cell | null | undefined
  for (const cell of cells) {
    if (cell === null) return null
    if (cell.tokens < (found?.tokens ?? Number.POSITIVE_INFINITY)) found = cell
  }
  return found
}
