import { type Counted, unitsOf } from './grammar/expression.ts'
import { DONE, fewestOf, type Node, type Program } from './grammar/program.ts'
import { childOf, type Trie, type Vocabulary } from './vocabulary.ts'

/**
 * For each node, tokens that suffice to finish it (an upper bound, exact within a text). Sequences count from each part
 * on. Leaves count from each state on, and also name the token to take next.
 */
export type Costs = {
  readonly ofNode: Float64Array
  readonly ofRest: readonly (Float64Array | undefined)[]
  readonly nextToken: readonly (Int32Array | undefined)[]
  /** Of counted leaves, the UTF-16 units that are written on the way from each state to the end. */
  readonly ofUnits: readonly (Float64Array | undefined)[]
}

/** Counts the tokens of `program` in `vocabulary`; Infinity where it cannot be spelled. */
export function countTokens(program: Program, vocabulary: Vocabulary): Costs {
  const ofRest: (Float64Array | undefined)[] = new Array(program.nodes.length)
  const nextToken: (Int32Array | undefined)[] = new Array(program.nodes.length)
  const ofUnits: (Float64Array | undefined)[] = new Array(program.nodes.length)
  for (const [index, node] of program.nodes.entries()) {
    if (node.kind !== 'leaf') continue
    const counted = countLeaf(node, vocabulary)
    ofRest[index] = counted.tokens
    nextToken[index] = counted.next
    ofUnits[index] = counted.units
  }
  const ofNode = fewestOf(program, (leaf) => ofRest[leaf]?.[0] ?? Number.POSITIVE_INFINITY)
  for (const [index, node] of program.nodes.entries()) {
    if (node.kind !== 'sequence') continue
    const rest = new Float64Array(node.parts.length + 1)
    for (let at = node.parts.length - 1; at >= 0; at--)
      rest[at] = (rest[at + 1] ?? 0) + (ofNode[node.parts[at] ?? -1] ?? 0)
    ofRest[index] = rest
  }
  return { ofNode, ofRest, nextToken, ofUnits }
}

type Leaf = Extract<Node, { kind: 'leaf' }>

type Counts = { tokens: Float64Array; next: Int32Array; units?: Float64Array }

function countLeaf(leaf: Leaf, { trie, ofByte }: Vocabulary): Counts {
  if (leaf.spelled) return countTexts(leaf, trie)
  return leaf.counted ? countUnits(leaf, leaf.counted, ofByte) : countBytes(leaf, ofByte)
}

function countTexts(leaf: Leaf, trie: Trie): { tokens: Float64Array; next: Int32Array } {
  const tokens = new Float64Array(leaf.moves.length).fill(Number.NaN)
  const next = new Int32Array(leaf.moves.length).fill(-1)

  /** States of texts never lead back, so each is counted once, after the ones that it leads to. */
  function count(state: number): number {
    if (state === DONE) return 0
    const known = tokens[state] ?? Number.POSITIVE_INFINITY
    if (!Number.isNaN(known)) return known
    let best = Number.POSITIVE_INFINITY
    reach(leaf, state, trie, (token, to) => {
      const needed = 1 + count(to)
      if (needed < best) {
        best = needed
        next[state] = token
      }
    })
    tokens[state] = best
    return best
  }

  // From the last: deep texts then need no deep recursion.
  for (let state = leaf.moves.length - 1; state >= 0; state--) count(state)
  return { tokens, next }
}

/**
 * A token for each byte, of those that have one of their own. Counted from the end, the nearest states first, so that
 * states may lead back.
 */
function countBytes({ moves }: Leaf, ofByte: Int32Array): { tokens: Float64Array; next: Int32Array } {
  const tokens = new Float64Array(moves.length).fill(Number.POSITIVE_INFINITY)
  const next = new Int32Array(moves.length).fill(-1)
  const into = new Map<number, [from: number, token: number][]>()
  for (const [state, own] of moves.entries())
    for (let at = 0; at < own.length; at += 3) {
      const token = firstToken(own[at] ?? 0, own[at + 1] ?? -1, ofByte)
      const to = own[at + 2] ?? DONE
      const before = into.get(to) ?? []
      if (token >= 0) before.push([state, token])
      into.set(to, before)
    }
  let reached = [DONE]
  for (let needed = 1; reached.length > 0; needed++) {
    const further: number[] = []
    for (const to of reached)
      for (const [state, token] of into.get(to) ?? [])
        if (tokens[state] === Number.POSITIVE_INFINITY) {
          tokens[state] = needed
          next[state] = token
          further.push(state)
        }
    reached = further
  }
  return { tokens, next }
}

/** A byte of a way, beside units of which each weighs more than all bytes. */
const UNIT = 2 ** 24

/**
 * The same on the ways that have the fewest units, and of these the fewest bytes: where no unit is left to spare, the way goes on.
 * @returns Infinity for a leaf of which even the shortest text has too many
 */
function countUnits({ moves }: Leaf, counted: Counted, ofByte: Int32Array): Counts {
  const weights = new Float64Array(moves.length).fill(Number.POSITIVE_INFINITY)
  const next = new Int32Array(moves.length).fill(-1)
  const into = new Map<number, [from: number, token: number, weight: number][]>()
  for (const [state, own] of moves.entries())
    for (let at = 0; at < own.length; at += 3) {
      const [low = 0, high = -1, to = DONE] = own.slice(at, at + 3)
      const token = firstToken(low, high, ofByte)
      const before = into.get(to) ?? []
      if (token >= 0) before.push([state, token, 1 + UNIT * unitsFrom(counted, state, low, to)])
      into.set(to, before)
    }
  const weightOf = (state: number) => (state === DONE ? 0 : (weights[state] ?? Number.POSITIVE_INFINITY))
  const queue = [DONE]
  for (const to of queue)
    for (const [state, token, weight] of into.get(to) ?? [])
      if (weightOf(to) + weight < weightOf(state)) {
        weights[state] = weightOf(to) + weight
        next[state] = token
        queue.push(state)
      }
  const units = weights.map((weight) => Math.floor(weight / UNIT))
  const tokens = weights.map((weight) => (weight === Number.POSITIVE_INFINITY ? weight : weight % UNIT))
  if ((units[0] ?? Number.POSITIVE_INFINITY) > counted.most) tokens[0] = Number.POSITIVE_INFINITY
  return { tokens, next, units }
}

/** The units that a move from `state` begins to write. What ends the text writes none. */
export function unitsFrom({ first, end }: Counted, state: number, byte: number, to: number): number {
  return state >= first && state < end && to !== DONE ? unitsOf(byte) : 0
}

/** The token of the first byte of a range that has one, or -1. */
function firstToken(first: number, last: number, ofByte: Int32Array): number {
  for (let byte = first; byte <= last; byte++) {
    const token = ofByte[byte] ?? -1
    if (token >= 0) return token
  }
  return -1
}

/** Every token that leads from `start` to another state of the leaf, or exactly to its end. */
function reach(leaf: Leaf, start: number, trie: Trie, consider: (token: number, to: number) => void): void {
  const moves = leaf.moves[start] ?? []
  for (let at = 0; at < moves.length; at += 3) {
    const root = trie.roots[moves[at] ?? 0] ?? -1
    if (root >= 0) arrive(root, moves[at + 2] ?? DONE)
  }

  function arrive(node: number, state: number): void {
    const token = trie.token[node] ?? -1
    if (token >= 0) consider(token, state)
    const onward = leaf.moves[state]
    if (onward === undefined) return
    for (let at = 0; at < onward.length; at += 3) {
      const child = childOf(trie, node, onward[at] ?? 0)
      if (child >= 0) arrive(child, onward[at + 2] ?? DONE)
    }
  }
}
