import { TwohopError } from '../../../shared/errors.ts'
import type { Memory } from '../../platform/memory.ts'
import type { Cell } from './cell.ts'
import { createCells, emptyExpansion, inOrder } from './cells.ts'
import { type Costs, countTokens, unitsFrom } from './costs.ts'
import { DONE, type Program } from './grammar/program.ts'
import { LONGEST_TOKEN, type Vocabulary } from './vocabulary.ts'

/** Tokens that may come next: bit `id & 31` of word `id >> 5`. */
export type Mask = {
  readonly words: Int32Array
  /** The most tokens that any of them leaves to be written before the answer can end. */
  readonly worst: number
}

/** All places in the program where the answer so far may stand. */
export type State = {
  /** Leaves that the next byte may belong to, with what follows each. */
  readonly leaves: readonly Cell[]
  /** Whether the answer may end here. */
  readonly mayEnd: boolean
  /** Tokens that suffice to end from here, the stop token not counted. */
  readonly tokens: number
  /** Whether ways to read the answer were left out here, because they are too many. */
  readonly cut: boolean
  /** Cells that were passed to come here, of which less than PASSED_GRAIN do not count. */
  readonly passed: number
  /** By byte; empty until there is a move. */
  moves: (State | null | undefined)[]
  unbounded: State | undefined
  mask: Mask | undefined
  /** The last walk over all tokens that came through here. */
  walk: number
  work: number | undefined
}

/** Follows answers byte by byte. States are shared, and made as they are first reached. */
export type Automaton = {
  /** @throws TwohopError `invalid_request` where it can be read in too many ways from the start */
  readonly start: State
  /** The state after `byte`, or null where it cannot follow. */
  step(state: State, byte: number): State | null
  /** The states of single leaves of `state`, those nearest to their end first. */
  alone(state: State): Generator<State>
  /** A state that allows the same next tokens, shared by many. It ignores counters that no token can exhaust. */
  alike(state: State): State
  /** What the moves from a state take together: cells passed for each range of bytes. */
  workOf(state: State): number
  /** The token to take for the shortest end, or -1 where that is to stop. */
  towardsEnd(state: State): number
  /** Takes memory for what is kept at a state. */
  keep(bytes: number): void
  /**
   * Makes room for what one look at all tokens may make of states. So none of them is forgotten on the way and made anew,
   * and a mask does not depend on what was followed before.
   */
  makeRoom(): void
  /** Bytes of all states, and of what is kept at them. */
  readonly bytes: number
  /** Frees all of that but what answers under way stand at. They go on from there. */
  forget(): void
}

type Options = {
  program: Program
  vocabulary: Vocabulary
  /** Where bytes are taken from. Beyond `most` of them, all states are forgotten and made anew. */
  memory: Pick<Memory, 'take' | 'give'>
  most: number
}

/**
 * How many ways to read an answer are followed at once. Beyond it the ones nearest to their end are kept. Fewer answers
 * are then possible, and each of them is still right.
 */
const MOST_LEAVES = 128

/** States that are alike but for how many cells were passed to come there are told apart in steps of this. */
const PASSED_GRAIN = 512

/** Bytes of memory that a state takes, each leaf of it, and its moves. Measured; a test holds them. */
const STATE_BYTES = 420
const LEAF_BYTES = 24
const MOVES_BYTES = 2080

export function createAutomaton({ program, vocabulary, memory, most }: Options): Automaton {
  const costs = countTokens(program, vocabulary)
  const { cell, enter, expand, expandShortest, unbounded, forgetCells, newBytes } = createCells(
    program,
    costs,
    LONGEST_TOKEN,
  )
  const follow = createFollow(program, costs, cell)
  let states = new Map<string, State>()
  let start: State | undefined
  let bytes = 0

  function keep(more: number): void {
    if (bytes + more > most) forget()
    memory.take(more)
    bytes += more
  }

  function makeRoom(): void {
    const room = most / 2
    if (bytes > room) forget()
    memory.take(room)
    memory.give(room)
  }

  /** States lead to one another, so each is told to let go of the others. */
  function forget(): void {
    for (const state of states.values()) {
      state.moves = []
      state.unbounded = undefined
      state.mask = undefined
    }
    states = new Map()
    forgetCells()
    start = undefined
    memory.give(bytes)
    bytes = 0
  }

  function stateOf(leaves: Iterable<Cell>, mayEnd: boolean, cut: boolean, passed: number): State | null {
    const sorted = nearestFirst(leaves)
    if (sorted.length === 0 && !mayEnd) return null
    const isCut = cut || sorted.length > MOST_LEAVES
    const kept = sorted.slice(0, MOST_LEAVES)
    const counted = passed - (passed % PASSED_GRAIN)
    const marks = `${mayEnd ? '.' : ''}${isCut ? '!' : ''}${counted > 0 ? `${counted}:` : ''}`
    const key = marks + kept.map(({ id }) => id).join(' ')
    const present = states.get(key)
    if (present !== undefined) return present
    keep(STATE_BYTES + LEAF_BYTES * kept.length + newBytes())
    const made = newState(kept, mayEnd, isCut, counted)
    states.set(key, made)
    return made
  }

  function begin(): State {
    if (start !== undefined) return start
    const found = emptyExpansion()
    expand(enter(program.root, null), found)
    if (found.cut)
      throw new TwohopError('invalid_request', 'The structure can be read in too many ways at once.')
    start = stateOf(found.leaves, found.mayEnd, false, found.seen.size) ?? NOTHING
    return start
  }

  /** If no leaf tells two bytes apart, they share a step. */
  function step(from: State, byte: number): State | null {
    const known = from.moves[byte]
    if (known !== undefined) return known
    const range: Range = { first: 0, last: 255 }
    const after = from.leaves.flatMap((leaf) => follow(leaf, byte, range))
    const found = emptyExpansion()
    for (const one of after) expand(one, found)
    if (found.cut) expandShortest(after, found)
    const to = stateOf(found.leaves, found.mayEnd, found.cut, found.seen.size)
    if (from.moves.length === 0) {
      keep(MOVES_BYTES)
      from.moves = new Array(256)
    }
    from.moves.fill(to, range.first, range.last + 1)
    return to
  }

  function* alone({ leaves, mayEnd }: State): Generator<State> {
    for (const leaf of leaves) yield stateOf([leaf], mayEnd, true, 1) ?? NOTHING
  }

  function alike(from: State): State {
    if (from.unbounded !== undefined) return from.unbounded
    const leaves = new Set(from.leaves.map((leaf) => unbounded(leaf)))
    from.unbounded = stateOf(leaves, from.mayEnd, from.cut, from.passed) ?? from
    return from.unbounded
  }

  return {
    get start() {
      return begin()
    },
    step,
    alone,
    alike,
    workOf: (from) => (from.work ??= workOf(from, program)),
    towardsEnd: (from) => towardsEnd(from, costs),
    keep,
    makeRoom,
    get bytes() {
      return bytes
    },
    forget,
  }
}

/** A state from which nothing was followed yet. Its leaves are sorted. */
function newState(leaves: readonly Cell[], mayEnd: boolean, cut: boolean, passed: number): State {
  return {
    leaves,
    mayEnd,
    tokens: mayEnd ? 0 : (leaves[0]?.tokens ?? 0),
    cut,
    passed,
    moves: [],
    unbounded: undefined,
    mask: undefined,
    walk: 0,
    work: undefined,
  }
}

/** The token to take for the shortest end, or -1 where that is to stop. */
function towardsEnd({ mayEnd, leaves }: State, costs: Costs): number {
  const [nearest] = leaves
  return mayEnd || nearest === undefined ? -1 : (costs.nextToken[nearest.node]?.[nearest.at] ?? -1)
}

/** Leaves in an order of their own, those nearest to their end first. What was forgotten and made anew is there twice. */
function nearestFirst(leaves: Iterable<Cell>): Cell[] {
  return [...leaves]
    .sort((a, b) => a.tokens - b.tokens || inOrder(a, b))
    .filter((leaf, at, all) => at === 0 || inOrder(leaf, all[at - 1] ?? leaf) !== 0)
}

/** Bytes that are not told apart. */
type Range = { first: number; last: number }

/** What comes after a byte of a leaf. It narrows `range` to the bytes that the leaf does not tell apart from that one. */
type Follow = (leaf: Cell, byte: number, range: Range) => (Cell | null)[]

function createFollow(
  { nodes }: Program,
  costs: Costs,
  cell: (node: number, at: number, left: number, next: Cell | null) => Cell,
): Follow {
  return function follow(leaf, byte, range) {
    const node = nodes[leaf.node]
    if (node?.kind !== 'leaf') return []
    const after: (Cell | null)[] = []
    const moves = node.moves[leaf.at] ?? []
    for (let at = 0; at < moves.length; at += 3) {
      const [low, high, next] = [moves[at] ?? 0, moves[at + 1] ?? 0, moves[at + 2] ?? DONE]
      if (byte < low) range.last = Math.min(range.last, low - 1)
      else if (byte > high) range.first = Math.max(range.first, high + 1)
      else {
        range.first = Math.max(range.first, low)
        range.last = Math.min(range.last, high)
        if (next === DONE) after.push(leaf.next)
        else {
          const { counted } = node
          const left = counted ? leaf.left - unitsFrom(counted, leaf.at, low, next) : 0
          // From here on the shortest way has to fit.
          if (left >= (costs.ofUnits[leaf.node]?.[next] ?? 0))
            after.push(cell(leaf.node, next, left, leaf.next))
        }
      }
    }
    return after
  }
}

/** Cells that are passed for each range of bytes that the leaves of a state tell apart. */
function workOf({ leaves }: State, { nodes }: Program): number {
  const edges = new Set<number>()
  for (const leaf of leaves) {
    const node = nodes[leaf.node]
    const moves = node?.kind === 'leaf' ? (node.moves[leaf.at] ?? []) : []
    for (let at = 0; at < moves.length; at += 3) edges.add(moves[at] ?? 0).add((moves[at + 1] ?? 0) + 1)
  }
  return edges.size * leaves.reduce((cells, leaf) => cells + 1 + (leaf.next?.skips ?? 0), 0)
}

/** Of a program that this vocabulary cannot spell. */
const NOTHING: State = {
  leaves: [],
  mayEnd: false,
  tokens: Number.POSITIVE_INFINITY,
  cut: false,
  passed: 0,
  moves: new Array(256).fill(null),
  unbounded: undefined,
  mask: undefined,
  walk: 0,
  work: 0,
}
