import { TwohopError } from '../../../shared/errors.ts'
import type { Compiled } from '../../work/compiled.ts'
import { createLru } from './lru.ts'
import { bindStructure, type Matcher, type Structured } from './matcher.ts'
import { unpackProgram } from './packed.ts'
import type { Vocabulary } from './vocabulary.ts'

/**
 * Matchers for one model, on the thread that it runs on.
 * @throws TwohopError `invalid_request` where no whole answer fits into `maxTokens`, or the model's tokens can't follow the
 *   structure; it names `max_tokens`, or the field that asked for the structure.
 */
export type Matchers = (compiled: Compiled, maxTokens: number) => Matcher

type Options = {
  vocabulary: Vocabulary
  stopTokens: readonly number[]
  /** The masks of this many structures are remembered: 16. Each takes up to 16 MB, and most take a few hundred kB. */
  remembered?: number
}

export function createMatchers({ vocabulary, stopTokens, remembered = 16 }: Options): Matchers {
  const bound = createLru<string, Structured>(remembered)

  function started({ id, program }: Compiled, maxTokens: number): Matcher {
    const known = bound.get(id)
    const structured = known ?? bindStructure({ program: unpackProgram(program), vocabulary, stopTokens })
    if (known === undefined) bound.set(id, structured)
    return structured.start(maxTokens)
  }

  return function match(compiled, maxTokens) {
    try {
      return started(compiled, maxTokens)
    } catch (error) {
      if (!(error instanceof TwohopError) || error.param !== undefined || compiled.param === undefined)
        throw error
      throw new TwohopError(error.code, error.message, { param: compiled.param, cause: error })
    }
  }
}
