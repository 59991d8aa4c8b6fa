import { type Cell, createCells } from './cells.ts'
import { countTokens } from './costs.ts'
import { DONE, type Program } from './program.ts'
import type { Vocabulary } from './vocabulary.ts'

/** All places in the program where the answer so far may stand. */
export type State = {
  /** Leaves that the next byte may belong to, with what follows each. */
  readonly leaves: readonly Cell[]
  /** Whether the answer may end here. */
  readonly mayEnd: boolean
  /** Tokens that suffice to end from here, the stop token not counted. */
  readonly tokens: number
  readonly moves: (State | null | undefined)[]
  unbounded: State | undefined
  /** The last walk over all tokens that came through here. */
  walk: number
  work: number | undefined
}

/** Follows answers byte by byte. States are shared, and made as they are first reached. */
export type Automaton = {
  readonly start: State
  /** The state after `byte`, or null where it cannot follow. */
  step(state: State, byte: number): State | null
  /** A state that allows the same next tokens, shared by many. It ignores counters that no token can exhaust. */
  alike(state: State): State
  /** What the moves from a state take together: cells passed for each range of bytes. */
  workOf(state: State): number
  /** The token to take for the shortest end, or -1 where that is to stop. */
  towardsEnd(state: State): number
}

/**
 * How many ways to read an answer are followed at once. Beyond it the ones nearest to their end are kept. Fewer answers
 * are then possible, and each of them is still right.
 */
const MOST_LEAVES = 128
/** States that are remembered before all are forgotten: 2 kB each, and 6 kB for one with a mask. */
const MOST_STATES = 2048
/**
 * @param reach Bytes that the longest token has.
 */
export function createAutomaton(program: Program, vocabulary: Vocabulary, reach: number): Automaton {
  const { nodes } = program
  const costs = countTokens(program, vocabulary)
  const { cell, enter, expand, unbounded, forgetCells } = createCells(program, costs, reach)
  let states = new Map<string, State>()

  function state(leaves: Iterable<Cell>, mayEnd: boolean): State | null {
    const sorted = [...leaves].sort((a, b) => a.tokens - b.tokens || a.id - b.id).slice(0, MOST_LEAVES)
    if (sorted.length === 0 && !mayEnd) return null
    const key = `${mayEnd ? '.' : ''}${sorted.map(({ id }) => id).join(' ')}`
    const present = states.get(key)
    if (present !== undefined) return present
    if (states.size >= MOST_STATES) forget()
    const tokens = mayEnd ? 0 : (sorted[0]?.tokens ?? 0)
    const made: State = {
      leaves: sorted,
      mayEnd,
      tokens,
      moves: new Array(256),
      unbounded: undefined,
      walk: 0,
      work: undefined,
    }
    states.set(key, made)
    return made
  }

  /** States lead to one another, so they are freed only when the first one is. */
  function forget(): void {
    states = new Map()
    forgetCells()
    start = undefined
  }

  let start: State | undefined
  function begin(): State {
    if (start !== undefined) return start
    const leaves = new Set<Cell>()
    const mayEnd = expand(enter(program.root, null), leaves, new Set())
    start = state(leaves, mayEnd) ?? NOTHING
    return start
  }

  /** If no leaf tells two bytes apart, they share a step. */
  function step(from: State, byte: number): State | null {
    const known = from.moves[byte]
    if (known !== undefined) return known
    let [first, last] = [0, 255]
    const leaves = new Set<Cell>()
    const seen = new Set<Cell>()
    let mayEnd = false
    for (const leaf of from.leaves) {
      const node = nodes[leaf.node]
      const moves = node?.kind === 'leaf' ? (node.moves[leaf.at] ?? []) : []
      for (let at = 0; at < moves.length; at += 3) {
        const [low, high, next] = [moves[at] ?? 0, moves[at + 1] ?? 0, moves[at + 2] ?? DONE]
        if (byte < low) last = Math.min(last, low - 1)
        else if (byte > high) first = Math.max(first, high + 1)
        else {
          first = Math.max(first, low)
          last = Math.min(last, high)
          if (next === DONE) mayEnd = expand(leaf.next, leaves, seen) || mayEnd
          else expand(cell(leaf.node, next, 0, leaf.next), leaves, seen)
        }
      }
    }
    const to = state(leaves, mayEnd)
    from.moves.fill(to, first, last + 1)
    return to
  }

  function alike(from: State): State {
    if (from.unbounded !== undefined) return from.unbounded
    const leaves = new Set(from.leaves.map((leaf) => unbounded(leaf)))
    from.unbounded = state(leaves, from.mayEnd) ?? from
    return from.unbounded
  }

  function workOf(from: State): number {
    if (from.work !== undefined) return from.work
    const edges = new Set<number>()
    for (const leaf of from.leaves) {
      const node = nodes[leaf.node]
      const moves = node?.kind === 'leaf' ? (node.moves[leaf.at] ?? []) : []
      for (let at = 0; at < moves.length; at += 3) edges.add(moves[at] ?? 0).add((moves[at + 1] ?? 0) + 1)
    }
    from.work = edges.size * from.leaves.reduce((cells, leaf) => cells + 1 + (leaf.next?.skips ?? 0), 0)
    return from.work
  }

  function towardsEnd({ mayEnd, leaves }: State): number {
    const [nearest] = leaves
    return mayEnd || nearest === undefined ? -1 : (costs.nextToken[nearest.node]?.[nearest.at] ?? -1)
  }

  return {
    get start() {
      return begin()
    },
    step,
    alike,
    workOf,
    towardsEnd,
  }
}

/** Of a program that this vocabulary cannot spell. */
const NOTHING: State = {
  leaves: [],
  mayEnd: false,
  tokens: Number.POSITIVE_INFINITY,
  moves: new Array(256).fill(null),
  unbounded: undefined,
  walk: 0,
  work: 0,
}
