import { TwohopError } from '../../../shared/errors.ts'
import { type Automaton, createAutomaton, type State } from './automaton.ts'
import { computeMask, type Mask, set } from './mask.ts'
import type { Program } from './program.ts'
import { LONGEST_TOKEN, type Vocabulary } from './vocabulary.ts'

/** Follows one answer. */
export type Matcher = {
  /**
   * Writes the tokens that may come next into `mask` (bit `id & 31` of word `id >> 5`, one bit an id of the logits;
   * at least one is set). Stop tokens are among them where the answer may end.
   * @param remaining Tokens that may still be generated, the stop token included. A token is left out if the answer
   * could not be finished after it within that number. So the answer is whole when the last token is taken.
   * @returns The mask with the tokens that were left out, where there are any.
   */
  next(mask: Int32Array, remaining: number): Int32Array | undefined
  /** Takes the token that was chosen. @throws Error where it was not allowed. */
  accept(token: number): void
  /** Notes that the answer would have gone on otherwise, had there been room. */
  cut(): void
  /** Whether the number of tokens, not the model, has brought the answer to its end. */
  readonly wasCut: boolean
  /** Whether the answer may end here. */
  readonly mayEnd: boolean
  /** Whether nothing but a stop token can follow: the answer may be ended without one. */
  readonly complete: boolean
  /** Whether a stop token was taken. */
  readonly terminated: boolean
  /** Tokens that suffice to end from here, the stop token included. */
  readonly fewestTokens: number
  /** The bytes that come next with every choice. */
  jumpAhead(): Uint8Array
  /** Another matcher at the same place, with a way of its own from here. */
  fork(): Matcher
  /** Back to the beginning. */
  reset(): void
}

/** Makes matchers of one structure for one model. They share what they learn about it. */
export type Structured = {
  /**
   * @param maxTokens Tokens that may be generated.
   * @throws TwohopError `invalid_request` where no whole answer fits into them.
   */
  start(maxTokens: number): Matcher
  readonly fewestTokens: number
}

type Options = {
  program: Program
  vocabulary: Vocabulary
  /** Ids that end an answer. */
  stopTokens: readonly number[]
}

/** Bytes that are looked ahead for. */
const FARTHEST = 256

/** Binds a structure to a model's tokens. Takes a few milliseconds for a large schema, and 0.1 for a small one. */
export function bindStructure({ program, vocabulary, stopTokens }: Options): Structured {
  const automaton = createAutomaton(program, vocabulary, LONGEST_TOKEN)
  /** They go with their states. The automaton keeps a bounded number of those. */
  const masks = new WeakMap<State, Mask>()

  function maskOf(state: State): Mask {
    const alike = automaton.alike(state)
    const known = masks.get(alike)
    if (known !== undefined) return known
    const made = computeMask(automaton, vocabulary, alike, Number.POSITIVE_INFINITY)
    masks.set(alike, made)
    return made
  }

  function matcher(at: State): Matcher {
    let state = at
    let terminated = false
    let wasCut = false
    return {
      next(mask, remaining) {
        if (terminated) return void stop(mask.fill(0))
        // This token and the stop token take two of them.
        const limit = remaining - 2
        const any = maskOf(state)
        const fits = any.worst <= limit
        mask.set(fits ? any.words : computeMask(automaton, vocabulary, state, limit).words)
        if (state.mayEnd) stop(mask)
        if (fits) return undefined
        const roomier = any.words.slice()
        if (state.mayEnd) stop(roomier)
        return roomier
      },
      cut() {
        wasCut = true
      },
      get wasCut() {
        return wasCut
      },
      accept(token) {
        if (stopTokens.includes(token) && (state.mayEnd || terminated)) {
          terminated = true
          return
        }
        const to = terminated ? null : follow(automaton, state, vocabulary.tokens[token])
        if (to === null) throw new Error(`token ${token} does not fit the structure`)
        state = to
      },
      get mayEnd() {
        return state.mayEnd
      },
      get complete() {
        return state.mayEnd && state.leaves.length === 0
      },
      get terminated() {
        return terminated
      },
      get fewestTokens() {
        return state.tokens + 1
      },
      jumpAhead: () => forced(automaton, state),
      fork() {
        if (terminated) throw new Error('the answer has ended')
        return matcher(state)
      },
      reset() {
        state = automaton.start
        terminated = false
        wasCut = false
      },
    }
  }

  function stop(mask: Int32Array): void {
    for (const id of stopTokens) set(mask, id)
  }

  return {
    start(maxTokens) {
      const { start } = automaton
      if (start.tokens === Number.POSITIVE_INFINITY)
        throw new TwohopError('invalid_request', "This model's tokens cannot spell the structure.")
      if (start.tokens + 1 > maxTokens)
        throw new TwohopError(
          'invalid_request',
          `An answer of this structure takes ${start.tokens + 1} tokens at least; max_tokens is ${maxTokens}.`,
          {
            param: 'max_tokens',
          },
        )
      return matcher(start)
    },
    get fewestTokens() {
      return automaton.start.tokens + 1
    },
  }
}

function follow(automaton: Automaton, from: State, bytes: Uint8Array | undefined): State | null {
  if (bytes === undefined) return null
  let state: State | null = from
  for (const byte of bytes) {
    state = automaton.step(state, byte)
    if (state === null) return null
  }
  return state
}

function forced(automaton: Automaton, from: State): Uint8Array {
  const bytes: number[] = []
  let state = from
  while (bytes.length < FARTHEST && !state.mayEnd) {
    const possible: number[] = []
    for (let byte = 0; byte < 256 && possible.length < 2; byte++)
      if (automaton.step(state, byte) !== null) possible.push(byte)
    const [only] = possible
    const to = only === undefined || possible.length > 1 ? null : automaton.step(state, only)
    if (only === undefined || to === null) break
    bytes.push(only)
    state = to
  }
  return Uint8Array.from(bytes)
}
