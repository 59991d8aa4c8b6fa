import type { Automaton, Mask, State } from './automaton.ts'
import type { Vocabulary } from './vocabulary.ts'

/**
 * Work that one mask may take: the sum of `workOf` over every state that is met. Grammars that can be read in very many
 * ways reach it. From there on only tokens of one byte are looked at. It is a count, not a time, so that the same
 * request has the same masks anywhere.
 */
const MOST_WORK = 30_000

/**
 * Cells that may be passed for one mask. What people write passes some thousands. Beyond it no more tokens are looked at:
 * those before it are allowed, and the one towards the shortest end.
 */
const MOST_PASSED = 12_000

/** Bytes of memory that a mask takes. */
export function maskBytes({ words }: Mask): number {
  return words.byteLength + 160
}

/** Numbers the walks, so that a state knows the last one that met it. */
let walks = 0

/**
 * The tokens that may follow `state` and leave at most `limit` tokens to the end (Infinity: any number). The one
 * towards the shortest end is always among them. Every node of the tree of tokens is looked at, unless the bytes
 * before it cannot follow: 0.1 to 2 ms for 49,000 tokens.
 */
export function computeMask(automaton: Automaton, vocabulary: Vocabulary, state: State, limit: number): Mask {
  const { trie, tokens } = vocabulary
  const words = new Int32Array(Math.ceil(tokens.length / 32))
  const way: (State | null)[] = [state]
  const walk = ++walks
  let worst = 0
  let work = 0
  let passed = 0
  for (let node = 0; node < trie.byte.length; ) {
    const depth = trie.depth[node] ?? 1
    const from = way[depth - 1] ?? null
    const byte = trie.byte[node] ?? 0
    const known = from?.moves[byte]
    const to = known === undefined && from !== null ? automaton.step(from, byte) : (known ?? null)
    if (to === null) {
      node = trie.end[node] ?? trie.byte.length
      continue
    }
    if (to.tokens <= limit)
      for (let token = trie.token[node] ?? -1; token >= 0; token = trie.same[token] ?? -1) {
        set(words, token)
        if (to.tokens > worst) worst = to.tokens
      }
    if (to.walk !== walk) {
      to.walk = walk
      work += automaton.workOf(to)
      passed += to.passed
    }
    if (passed > MOST_PASSED) break
    way[depth] = to
    node = work > MOST_WORK ? (trie.end[node] ?? trie.byte.length) : node + 1
  }
  const nearest = automaton.towardsEnd(state)
  if (nearest >= 0) set(words, nearest)
  return { words, worst }
}

/** Sets the bit of a token in a mask of 32 tokens a word. */
export function set(words: Int32Array, token: number): void {
  words[token >> 5] = (words[token >> 5] ?? 0) | (1 << (token & 31))
}
