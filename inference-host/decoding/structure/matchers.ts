import type { Compiled } from '../../work/compiled.ts'
import { createLru } from './lru.ts'
import { bindStructure, type Matcher, type Structured } from './matcher.ts'
import { unpackProgram } from './packed.ts'
import type { Vocabulary } from './vocabulary.ts'

/**
 * Matchers for one model, on the thread that it runs on.
 * @throws TwohopError `invalid_request` where no whole answer fits into `maxTokens`.
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
  return function match({ id, program }, maxTokens) {
    const known = bound.get(id)
    const structured = known ?? bindStructure({ program: unpackProgram(program), vocabulary, stopTokens })
    if (known === undefined) bound.set(id, structured)
    return structured.start(maxTokens)
  }
}
