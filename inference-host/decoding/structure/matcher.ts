import { TwohopError } from '../../../shared/errors.ts'
import { createAutomaton, type Mask, type State } from './automaton.ts'
import { computeMask, maskBytes, set } from './mask.ts'

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
}

/** Makes matchers of one structure for one model. They share what they learn about it. */
export type Structured = {
  /**
   * @param maxTokens Tokens that may be generated.
   * @throws TwohopError `invalid_request` where no whole answer fits into them.
   */
  start(maxTokens: number): Matcher
  readonly fewestTokens: number
  /** Bytes of what it has learned about itself. */
  readonly bytes: number
  /** Frees these bytes. Answers under way go on, and learn it anew. */
  forget(): void
}

type Options = Parameters<typeof createAutomaton>[0] & {
  /** Ids that end an answer. */
  stopTokens: readonly number[]
}

/** Where a token leads. `cut`: on its way, ways to read the answer were left out. */
type Way = { to: State | null; cut: boolean }
const NOWHERE: Way = { to: null, cut: false }

/** Binds a structure to a model's tokens. Takes a few milliseconds for a large schema, and 0.1 for a small one. */
export function bindStructure({ stopTokens, ...options }: Options): Structured {
  const { vocabulary } = options
  const automaton = createAutomaton(options)

  function maskOf(state: State): Mask {
    const alike = automaton.alike(state)
    if (alike.mask !== undefined) return alike.mask
    automaton.makeRoom()
    const made = computeMask(automaton, vocabulary, alike, Number.POSITIVE_INFINITY)
    automaton.keep(maskBytes(made))
    alike.mask = made
    return made
  }

  function matcher(at: State): Matcher {
    let state = at
    let terminated = false
    let wasCut = false
    /** The most tokens that the next one may leave to be written. */
    let limit = Number.POSITIVE_INFINITY

    /** Where the token leads, if it leads anywhere, and the answer can still be finished from there. */
    function follow(from: State, token: number): Way {
      const bytes = vocabulary.tokens[token]
      let to: State | null = bytes === undefined ? null : from
      let cut = false
      for (const byte of bytes ?? []) {
        to = to && automaton.step(to, byte)
        cut ||= to?.cut === true
      }
      return { to: cut && to !== null && to.tokens > limit ? null : to, cut }
    }

    /**
     * Where the token leads for one of the ways to read the answer, the nearest to its end first. A mask knows counters that
     * no token can exhaust as one, so it can know of ways that were cut here, where each counter is a way of its own.
     */
    function followAlone(token: number): State | null {
      for (const one of automaton.alone(state)) {
        const { to } = follow(one, token)
        if (to !== null) return to
      }
      return null
    }

    return {
      next(mask, remaining) {
        if (terminated) return void stop(mask.fill(0))
        // This token and the stop token take two of them.
        limit = remaining - 2
        const any = maskOf(state)
        const fits = any.worst <= limit
        if (!fits) automaton.makeRoom()
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
        const { to, cut } = terminated ? NOWHERE : follow(state, token)
        const found = to ?? (cut ? followAlone(token) : null)
        if (found === null) throw new Error(`token ${token} does not fit the structure`)
        state = found
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
    get bytes() {
      return automaton.bytes
    },
    forget: automaton.forget,
  }
}
