import { TwohopError } from '../../../shared/errors.ts'
import { createMemory } from '../../platform/memory.ts'
import type { Compiled } from '../../work/compiled.ts'
import { programBytes } from './grammar/program.ts'
import { bindStructure, type Matcher, type Structured } from './matcher.ts'
import { unpackProgram } from './packed.ts'
import type { Vocabulary } from './vocabulary.ts'

/** The answers of one piece of work that follow a structure. */
export type Following = {
  /** Follows one more answer. */
  start(): Matcher
  /** To be called once when no answer follows it any more. */
  end(): void
}

/** Matchers for one model, on the thread that it runs on. */
export type Matchers = {
  /**
   * @throws TwohopError `invalid_request` where no whole answer fits into `maxTokens`, or the model's tokens can't follow
   *   the structure; it names `max_tokens`, or the field that asked for the structure.
   */
  follow(compiled: Compiled, maxTokens: number): Following
  /** Bytes that are held for structures. */
  readonly bytes: number
}

/**
 * The most memory that is held for the structures of one model, in bytes: what they learn as answers follow them (masks
 * for the most part), and programs that are kept for the next request. It is a part of what a model that writes is
 * expected to take. The programs of answers under way are theirs: a few kB each, and MOST_BYTES of a program at most.
 */
export const STRUCTURE_BYTES = 32 * 2 ** 20

type Options = {
  vocabulary: Vocabulary
  stopTokens: readonly number[]
  /** Whether the model has learned to call tools. One that has not makes one call, where a request does not say how many. */
  knowsCalls: boolean
  /** The most that all may hold: STRUCTURE_BYTES. */
  most?: number
}

/** A structure that is bound. `size` is its program's, and `used` is how many works follow it. */
type Bound = { readonly structured: Structured; readonly size: number; used: number }

/**
 * A structure is bound when it is first asked for. Where memory is short, structures that no answer follows are given up,
 * the one used the longest ago first. Then the others forget what they have learned. One structure may learn
 * half of what the memory holds, and no more.
 */
export function createMatchers({
  vocabulary,
  stopTokens,
  knowsCalls,
  most = STRUCTURE_BYTES,
}: Options): Matchers {
  const memory = createMemory(most)
  /** Used the longest ago first. */
  const bound = new Map<string, Bound>()

  memory.onShortage((missing) => {
    const wanted = memory.used - missing
    for (const [id, { structured, size, used }] of bound) {
      if (memory.used <= wanted) return
      if (used > 0) continue
      bound.delete(id)
      structured.forget()
      memory.give(size)
    }
    for (const { structured } of bound.values()) {
      if (memory.used <= wanted) return
      structured.forget()
    }
  })

  function bind({ program: packed }: Compiled): Bound {
    const { nodes, root, oneCall = root } = unpackProgram(packed)
    const program = { nodes, root: knowsCalls ? root : oneCall }
    const structured = bindStructure({ program, vocabulary, stopTokens, memory, most: most / 2 })
    return { structured, size: programBytes(program), used: 0 }
  }

  function take(compiled: Compiled): Bound {
    const known = bound.get(compiled.id)
    const one = known ?? bind(compiled)
    if (known?.used === 0) memory.give(known.size)
    bound.delete(compiled.id)
    bound.set(compiled.id, one)
    one.used++
    return one
  }

  function leave(one: Bound): void {
    // Still in use until its program has its place, so that it is not given up for itself.
    if (one.used === 1) memory.take(one.size)
    one.used--
  }

  return {
    follow(compiled, maxTokens) {
      const one = take(compiled)
      try {
        one.structured.start(maxTokens)
      } catch (error) {
        leave(one)
        if (!(error instanceof TwohopError) || error.param !== undefined || compiled.param === undefined)
          throw error
        throw new TwohopError(error.code, error.message, { param: compiled.param, cause: error })
      }
      return { start: () => one.structured.start(maxTokens), end: () => leave(one) }
    },
    get bytes() {
      return memory.used
    },
  }
}
