import type { Alphabet } from './alphabet.ts'
import type { Interner } from './interner.ts'
import { type Term, unknownFacts } from './term.ts'

/** Makes the terms that are not made of others. */
export function createSpecialTerms(alphabet: Alphabet, term: Interner) {
  const all = alphabet.some(alphabet.all)
  let names = 0
  /** A term that may refer to itself after a character. `nullable` says whether the empty text is in it. */
  function named(nullable: boolean, define: () => Term): Term {
    return term(`named ${names++}`, { kind: 'named', define }, unknownFacts(all, nullable))
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
   * `of` units of the last of `decimals` digits, and the rest of what is written so far. `isOne` says whether that is a
   * multiple, where the rest is not known in full any more.
   */
  function multiple(of: number, decimals: number, rest = 0, at = -1, isOne?: boolean): Term {
    const nullable = isOne ?? (rest * 10 ** (decimals - Math.max(0, at))) % of === 0
    // The next digit moves this one up, and what is then a multiple of `of` anyway does not matter any more.
    const needed = rest % (of / (of % 10 === 0 ? 10 : of % 5 === 0 ? 5 : of % 2 === 0 ? 2 : 1))
    return term(
      `multiple ${of} ${decimals} ${needed} ${at} ${nullable}`,
      { kind: 'multiple', of, decimals, rest: needed, at },
      unknownFacts(all, nullable),
    )
  }

  return { named, units, multiple }
}
