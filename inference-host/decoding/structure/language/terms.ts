import type { Alphabet } from './alphabet.ts'
import type { Budget } from './budget.ts'
import {
  common,
  type Facts,
  joined,
  MANY,
  orFacts,
  repeatFacts,
  type Shape,
  type Term,
  thenFacts,
  withoutImplied,
} from './term.ts'

export type Terms = ReturnType<typeof createTerms>

/** Makes terms over `alphabet`. They are put into a common form, so that equal ones are found to be. */
export function createTerms(alphabet: Alphabet, budget: Budget) {
  const all = alphabet.some(alphabet.all)
  const known = new Map<string, Term>()

  function term(key: string, shape: Shape, facts: Facts): Term {
    const present = known.get(key)
    if (present !== undefined) return present
    budget.spend(1)
    const made = { id: known.size, shape, ...facts }
    known.set(key, made)
    return made
  }

  /** Of which nothing is known. */
  const open = (nullable: boolean): Facts => ({
    nullable,
    within: { made: all, shortest: nullable ? 0 : 1, longest: MANY },
    holds: undefined,
  })

  const none = { made: 0, shortest: 0, longest: 0 }
  const NOTHING = term('nothing', { kind: 'nothing' }, { nullable: false, within: none, holds: undefined })
  const EMPTY = term(
    'empty',
    { kind: 'empty' },
    { nullable: true, within: none, holds: { ...none, made: all } },
  )

  function set(bits: bigint): Term {
    if (bits === 0n) return NOTHING
    const one = { shortest: 1, longest: 1 }
    return term(
      `set ${bits}`,
      { kind: 'set', bits },
      {
        nullable: false,
        within: { made: alphabet.some(bits), ...one },
        holds: { made: alphabet.every(bits), ...one },
      },
    )
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
    const sets = parts.flatMap(({ shape }) => (shape.kind === 'set' ? [shape.bits] : []))
    if (sets.length > 1)
      return or([...parts.filter(({ shape }) => shape.kind !== 'set'), set(sets.reduce((a, b) => a | b))])
    const [only] = parts
    if (parts.length < 2) return only ?? NOTHING
    return term(`or ${parts.map(({ id }) => id).join(' ')}`, { kind: 'or', parts }, orFacts(parts))
  }

  function and(conditions: readonly Term[]): Term {
    budget.spend(Math.max(0, conditions.length - 2))
    const joint = joined('and', conditions, ALL, NOTHING)
    if (joint === undefined) return NOTHING
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
    return term(`not ${part.id}`, { kind: 'not', part }, open(!part.nullable))
  }

  let names = 0
  /** A term that may refer to itself after a character. `nullable` says whether the empty text is in it. */
  function named(nullable: boolean, define: () => Term): Term {
    return term(`named ${names++}`, { kind: 'named', define }, open(nullable))
  }

  /** Texts of at most so many UTF-16 units. */
  function units(left: number): Term {
    const plain = { made: alphabet.every(alphabet.all & ~alphabet.astral), shortest: 0, longest: left }
    return term(
      `units ${left}`,
      { kind: 'units', left },
      { nullable: true, within: { ...plain, made: all }, holds: plain },
    )
  }

  /**
   * `of` units of the last of `decimals` digits, and the rest of what is written so far. `isOne` says whether that is a multiple, where the
   * rest is not known in full any more.
   */
  function multiple(of: number, decimals: number, rest = 0, at = -1, isOne?: boolean): Term {
    const nullable = isOne ?? (rest * 10 ** (decimals - Math.max(0, at))) % of === 0
    // The next digit moves this one up, and what is then a multiple of `of` anyway does not matter any more.
    const needed = rest % (of / (of % 10 === 0 ? 10 : of % 5 === 0 ? 5 : of % 2 === 0 ? 2 : 1))
    return term(
      `multiple ${of} ${decimals} ${needed} ${at} ${nullable}`,
      { kind: 'multiple', of, decimals, rest: needed, at },
      open(nullable),
    )
  }

  return {
    alphabet,
    budget,
    NOTHING,
    EMPTY,
    ANY,
    ALL,
    set,
    then,
    repeat,
    or,
    and,
    not,
    named,
    units,
    multiple,
  }
}
