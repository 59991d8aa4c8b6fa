import { TwohopError } from '../../../../shared/errors.ts'
import { createExpiringMap } from '../../../../shared/expiring-map.ts'
import type { Compiled } from '../../../work/compiled.ts'
import type { Preparing } from '../../../work/preparing.ts'
import { pathText } from '../grammar/refusal.ts'
import { pathOf, type Structure } from '../structure.ts'
import { createLru } from './lru.ts'
import type { Compilation } from './thread.ts'

/** What those who wait for a structure are told. */
export type Outcome = Awaited<Preparing<Compiled>['outcome']>

/** What came of structures, by their ids. */
export type Outcomes = {
  /**
   * A structure that is remembered; undefined where it is not.
   * @throws TwohopError `invalid_request` where it is remembered that the structure was refused
   */
  recall(id: string): Compiled | undefined
  /**
   * What those who wait for the structure are told of what the thread made of it, which is remembered where it is the same
   * each time. Undefined where it was given up because nobody waited.
   */
  take(id: string, structure: Structure, compilation: Compilation): Outcome | undefined
}

type Options = {
  /** Compiled structures that are remembered, as far as REMEMBERED_BYTES hold them, and refused ones beside them. */
  remembered: number
  /** Milliseconds that a structure may take, for who is told that it took longer. */
  timeoutMs: number
  /** Milliseconds on a steady clock. */
  now: () => number
}

/** Most programs take some kB. The largest take 1 MB, and anybody can ask for as many of these as there is room for. */
const REMEMBERED_BYTES = 32 * 1024 * 1024

/**
 * Milliseconds for which it is remembered that a structure took too long, or too much memory. That can be the machine's
 * fault, so it is tried again; any other refusal is the same each time.
 */
const TOO_LONG_FOR_MS = 60_000

/** Why a structure is refused, and where in the request that is. */
type Refused = { message: string; param: string | undefined }

export function createOutcomes({ remembered, timeoutMs, now }: Options): Outcomes {
  const compiled = createLru<string, Compiled>(remembered, {
    most: REMEMBERED_BYTES,
    of: ({ program }) => program.byteLength,
  })
  const refused = createExpiringMap<string, Refused>({ capacity: remembered, now })

  const tooMuch = (how: 'too_long' | 'too_large') =>
    how === 'too_long'
      ? `The structure takes longer than ${timeoutMs} ms to compile.`
      : 'The structure takes more memory to compile than there is for one.'

  function refuse(id: string, refusal: Refused, until: number): Outcome {
    refused.set(id, refusal, until)
    return { error: errorOf(refusal) }
  }

  return {
    recall(id) {
      const refusal = refused.get(id)
      if (refusal !== undefined) throw errorOf(refusal)
      return compiled.get(id)
    },
    take(id, structure, compilation) {
      const param = pathText(pathOf(structure))
      switch (compilation.how) {
        case 'hurried':
          return undefined
        case 'failed':
          return { error: new TwohopError('internal', 'The structure could not be compiled.') }
        case 'compiled': {
          const value = { id, program: compilation.program, param }
          compiled.set(id, value)
          return { value }
        }
        case 'refused':
          return refuse(id, compilation, Number.POSITIVE_INFINITY)
        case 'too_long':
        case 'too_large':
          return refuse(id, { message: tooMuch(compilation.how), param }, now() + TOO_LONG_FOR_MS)
      }
    },
  }
}

function errorOf({ message, param }: Refused): TwohopError {
  return new TwohopError('invalid_request', message, param === undefined ? {} : { param })
}
