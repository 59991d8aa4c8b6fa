import type { Alphabet } from './alphabet.ts'
import type { Budget } from './budget.ts'
import { createInterner } from './interner.ts'
import { createSpecialTerms } from './special-terms.ts'
import {
  common,
  joined,
  MANY,
  orFacts,
  repeatFacts,
  type Term,
  thenFacts,
  unknownFacts,
  withoutImplied,
} from './term.ts'

export type Terms = ReturnType<typeof createTerms>

/** Makes terms over `alphabet`. They are put into a common form, so that equal ones are found to be. */
export function createTerms(alphabet: Alphabet, budget: Budget) {
  const all = alphabet.some(alphabet.all)
  const term = createInterner(budget)
  const special = createSpecialTerms(alphabet, term)
  const sets = new Map<bigint, Term>()
  /** By the ids of all parts, of which some may be implied by others. */
  const conjunctions = new Map<string, Term>()

  const none = { made: 0, shortest: 0, longest: 0 }
  const NOTHING = term('nothing', { kind: 'nothing' }, { nullable: false, within: none, holds: undefined })
  const EMPTY = term(
    'empty',
    { kind: 'empty' },
    { nullable: true, within: none, holds: { ...none, made: all } },
  )

  function set(bits: bigint): Term {
    if (bits === 0n) return NOTHING
    const known = sets.get(bits)
    if (known !== undefined) return known
    const one = { shortest: 1, longest: 1 }
    const made = term(
      `set ${bits}`,
      { kind: 'set', bits },
      {
        nullable: false,
        within: { made: alphabet.some(bits), ...one },
        holds: { made: alphabet.every(bits), ...one },
      },
    )
    sets.set(bits, made)
    return made
  }

  const ANY = set(alphabet.all)
  const ALL = repeat(ANY, 0, MANY)

  function then(first: Term, rest: Term): Term {
    if (first === NOTHING || rest === NOTHING) return NOTHING
    if (first === EMPTY) return rest
    if (rest === EMPTY) return first
    if (first.shape.kind === 'then') return then(first.shape.first, then(first.shape.rest, rest))
    if (first === ALL && rest.nullable) return ALL
    return term(`then ${first.id} ${rest.id}`, { kind: 'then', first, rest }, thenFacts(first, rest))
  }

  function repeat(part: Term, min: number, max: number): Term {
    if (max === 0 || part === EMPTY) return EMPTY
    if (part === NOTHING) return min === 0 ? EMPTY : NOTHING
    const least = part.nullable ? 0 : min
    if (least === 1 && max === 1) return part
    if (part.shape.kind === 'repeat' && part.shape.min === 0 && part.shape.max === MANY) return part
    return term(
      `repeat ${part.id} ${least} ${max}`,
      { kind: 'repeat', part, min: least, max },
      repeatFacts(part, least, max),
    )
  }

  function or(options: readonly Term[]): Term {
    budget.spend(Math.max(0, options.length - 2))
    const parts = joined('or', options, NOTHING, ALL)
    if (parts === undefined) return ALL
    const bits = parts.flatMap(({ shape }) => (shape.kind === 'set' ? [shape.bits] : []))
    if (bits.length > 1)
      return or([...parts.filter(({ shape }) => shape.kind !== 'set'), set(bits.reduce((a, b) => a | b))])
    const [only] = parts
    if (parts.length < 2) return only ?? NOTHING
    return term(`or ${parts.map(({ id }) => id).join(' ')}`, { kind: 'or', parts }, orFacts(parts))
  }

  function and(conditions: readonly Term[]): Term {
    budget.spend(Math.max(0, conditions.length - 2))
    const joint = joined('and', conditions, ALL, NOTHING)
    if (joint === undefined) return NOTHING
    const key = joint.map(({ id }) => id).join(' ')
    const known = conjunctions.get(key)
    if (known !== undefined) return known
    const made = conjunction(joint)
    conjunctions.set(key, made)
    return made
  }

  function conjunction(joint: readonly Term[]): Term {
    const parts = withoutImplied(joint, all)
    const [only] = parts
    if (parts.length < 2) return only ?? ALL
    const within = common(parts, all)
    const nullable = parts.every((part) => part.nullable)
    if (within.shortest > within.longest) return NOTHING
    if (within.longest === 0 || within.made === 0) return nullable ? EMPTY : NOTHING
    return term(
      `and ${parts.map(({ id }) => id).join(' ')}`,
      { kind: 'and', parts },
      { nullable, within, holds: undefined },
    )
  }

  function not(part: Term): Term {
    if (part === NOTHING) return ALL
    if (part === ALL) return NOTHING
    if (part.shape.kind === 'not') return part.shape.part
    return term(`not ${part.id}`, { kind: 'not', part }, unknownFacts(all, !part.nullable))
  }

  return { alphabet, budget, NOTHING, EMPTY, ANY, ALL, set, then, repeat, or, and, not, ...special }
}
