import type { Counted, Expression, Grammar } from './expression.ts'
import { type Path, refuse } from './refusal.ts'
import { movesBy, sharedStates, spellings } from './utf8.ts'

/**
 * A grammar over bytes, ready to be followed. Plain data, so that a worker can build it and a message carry it. `oneCall` is the
 * root for models that have not learned to call tools, where they have one of their own.
 */
export type Program = { readonly nodes: readonly Node[]; readonly root: number; readonly oneCall?: number }

export type Node =
  /**
   * Byte strings as an automaton. `moves` lists the moves of each state. A move is three numbers: first byte, last byte,
   * and next state or DONE. Several moves of a state may take the same byte. `spelled` is true for texts: they are few,
   * no state leads back, and their tokens are counted. It is false for characters and for what may go on for ever.
   */
  | {
      readonly kind: 'leaf'
      readonly moves: readonly (readonly number[])[]
      readonly spelled: boolean
      readonly counted?: Counted | undefined
    }
  | { readonly kind: 'sequence'; readonly parts: readonly number[] }
  | { readonly kind: 'choice'; readonly options: readonly number[] }
  /** `double` may be undefined. Where it is taken, it counts as two towards `max`. */
  | {
      readonly kind: 'repeat'
      readonly part: number
      readonly double: number | undefined
      readonly min: number
      readonly max: number
    }

export const DONE = -1

/** Bytes of memory that a node takes, a state of a leaf, and a number of its moves. Measured; a test holds them. */
const NODE_BYTES = 460
const LEAF_STATE_BYTES = 60
const NUMBER_BYTES = 8

/** Bytes of memory that a program takes, with what is counted of it for a vocabulary. */
export function programBytes({ nodes }: Program): number {
  let bytes = 0
  for (const node of nodes) {
    bytes += NODE_BYTES + NUMBER_BYTES * partsOf(node).length
    if (node.kind !== 'leaf') continue
    for (const moves of node.moves) bytes += LEAF_STATE_BYTES + NUMBER_BYTES * moves.length
  }
  return bytes
}

const MOST_NODES = 12_000
const MOST_MOVES = 200_000
/** Bytes of memory that a program may take: nearly all take some kB. */
const MOST_BYTES = 8 * 2 ** 20

/**
 * Builds the program of `grammar`. @throws TwohopError `invalid_request` at `path` where the grammar is too large,
 * never ends, or begins a rule with itself, and where something that may be empty is repeated.
 */
export function buildProgram(grammar: Grammar, path: Path): Program {
  const nodes: Node[] = []
  const known = new Map<Expression, number>()
  const places = new Map<string, number>()
  let moves = 0

  function leaf(states: readonly (readonly number[])[], spelled: boolean, counted?: Counted): number {
    moves += states.reduce((sum, state) => sum + state.length / 3, 0)
    return add({ kind: 'leaf', moves: states, spelled, ...(counted && { counted }) })
  }

  function add(node: Node): number {
    if (nodes.length >= MOST_NODES || moves > MOST_MOVES)
      throw refuse(path, 'This is too large to be followed.')
    return nodes.push(node) - 1
  }

  function place(expression: Expression): number {
    const present = known.get(expression)
    if (present !== undefined) return present
    const made = expression.kind === 'rule' ? placeRule(expression.name) : lower(expression)
    known.set(expression, made)
    return made
  }

  function placeRule(name: string): number {
    const present = places.get(name)
    if (present !== undefined) return present
    const body = grammar.rules.get(name)
    if (body === undefined) throw new Error(`no rule ${name}`)
    // A sequence of one. Its part is known once the rule's body is.
    const parts: number[] = []
    const own = add({ kind: 'sequence', parts })
    places.set(name, own)
    parts.push(place(body))
    return own
  }

  function lower(expression: Exclude<Expression, { kind: 'rule' }>): number {
    switch (expression.kind) {
      case 'text':
        return leaf(textMoves([expression.text]), true)
      case 'characters':
        return leaf(characterMoves(expression.ranges), false)
      case 'machine':
        return leaf(expression.moves, false, expression.counted)
      case 'sequence':
        return add({ kind: 'sequence', parts: expression.parts.map(place) })
      case 'repeat': {
        const { part, double, min, max } = expression
        return add({ kind: 'repeat', part: place(part), double: double && place(double), min, max })
      }
      case 'choice': {
        // All texts are followed as one, however many they are.
        const texts = expression.options.flatMap((one) => (one.kind === 'text' ? [one.text] : []))
        const options = expression.options.filter((one) => one.kind !== 'text').map(place)
        if (texts.length > 0) options.push(leaf(textMoves(texts), true))
        return add({ kind: 'choice', options })
      }
    }
  }

  const root = place(grammar.root)
  const program: Program = { nodes, root, ...(grammar.oneCall && { oneCall: place(grammar.oneCall) }) }
  if (programBytes(program) > MOST_BYTES) throw refuse(path, 'This is too large to be followed.')
  check(program, path)
  return program
}

const utf8 = new TextEncoder()

/** A tree of the texts' bytes. */
function textMoves(texts: readonly string[]): number[][] {
  const states: number[][] = [[]]
  const branches: Map<number, number>[] = [new Map()]
  for (const one of texts) {
    const bytes = utf8.encode(one)
    let state = 0
    for (const [at, byte] of bytes.entries()) {
      if (at === bytes.length - 1) states[state]?.push(byte, byte, DONE)
      else {
        let next = branches[state]?.get(byte)
        if (next === undefined) {
          next = states.push([]) - 1
          branches.push(new Map())
          branches[state]?.set(byte, next)
          states[state]?.push(byte, byte, next)
        }
        state = next
      }
    }
  }
  return states
}

function characterMoves(ranges: Extract<Expression, { kind: 'characters' }>['ranges']): number[][] {
  const states: number[][] = [[]]
  const all = spellings(ranges).map((bytes) => ({ bytes, to: DONE }))
  states[0] = movesBy(all, sharedStates(states))
  return states
}

/** Refuses a grammar that could not be followed to an end. */
function check(program: Program, path: Path): void {
  const { nodes, root } = program
  const fewest = fewestOf(program, () => 1)
  if (fewest[root] === Number.POSITIVE_INFINITY) throw refuse(path, 'No answer to this ever ends.')
  const nullable = (node: number) => fewest[node] === 0
  const marks = new Uint8Array(nodes.length)

  /** Looks for a way from a node to itself that takes no byte. */
  function descend(start: number): void {
    const trail: { node: number; next: number[] }[] = [{ node: start, next: heads(start) }]
    marks[start] = 1
    for (let top = trail.at(-1); top !== undefined; top = trail.at(-1)) {
      const head = top.next.pop()
      if (head === undefined) {
        marks[top.node] = 2
        trail.pop()
      } else if (marks[head] === 1) throw refuse(path, 'A rule begins with itself.')
      else if (marks[head] === 0) {
        marks[head] = 1
        trail.push({ node: head, next: heads(head) })
      }
    }
  }

  function heads(at: number): number[] {
    const node = nodes[at]
    if (node === undefined || node.kind === 'leaf') return []
    if (node.kind === 'choice') return [...node.options]
    if (node.kind === 'repeat') {
      if (node.max > 1 && nullable(node.part)) throw refuse(path, 'Something that may be empty is repeated.')
      return [...partsOf(node)]
    }
    const last = node.parts.findIndex((part) => !nullable(part))
    return last < 0 ? [...node.parts] : node.parts.slice(0, last + 1)
  }

  for (let node = 0; node < nodes.length; node++) if (marks[node] === 0) descend(node)
}

/**
 * The fewest units that each node takes, where a leaf takes `ofLeaf`; Infinity where it never ends. Rules may refer
 * to one another, so values fall from Infinity until none does any more.
 */
export function fewestOf({ nodes }: Program, ofLeaf: (node: number) => number): Float64Array {
  const fewest = new Float64Array(nodes.length).fill(Number.POSITIVE_INFINITY)
  const at = (node: number) => fewest[node] ?? Number.POSITIVE_INFINITY
  const users: number[][] = nodes.map(() => [])
  for (const [index, node] of nodes.entries()) for (const part of partsOf(node)) users[part]?.push(index)
  // Parts mostly come before what they are part of, so that one pass in order does nearly all.
  const queue = nodes.map((_, index) => index)
  const waiting = new Uint8Array(nodes.length).fill(1)
  for (const index of queue) {
    const node = nodes[index]
    waiting[index] = 0
    if (node === undefined) continue
    const value =
      node.kind === 'leaf'
        ? ofLeaf(index)
        : node.kind === 'choice'
          ? Math.min(...node.options.map(at))
          : node.kind === 'repeat'
            ? node.min === 0
              ? 0
              : at(node.part) * node.min
            : node.parts.reduce((sum, part) => sum + at(part), 0)
    if (value < at(index)) {
      fewest[index] = value
      for (const user of users[index] ?? [])
        if (waiting[user] === 0) {
          waiting[user] = 1
          queue.push(user)
        }
    }
  }
  return fewest
}

function partsOf(node: Node): readonly number[] {
  if (node.kind === 'leaf') return []
  if (node.kind === 'repeat') return node.double === undefined ? [node.part] : [node.part, node.double]
  return node.kind === 'choice' ? node.options : node.parts
}
