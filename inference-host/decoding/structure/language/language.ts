import { type CharacterSet, LAST, WRITABLE } from '../grammar/characters.ts'
import { EMPTY, type Expression, optional } from '../grammar/expression.ts'
import { createAlphabet } from './alphabet.ts'
import type { Budget } from './budget.ts'
import { createDerivatives } from './derivatives.ts'
import { explore, fewestUnits } from './explore.ts'
import { type Pattern, setsOf } from './pattern.ts'
import { type Spelling, spell } from './spell.ts'
import { MANY, type Term } from './term.ts'
import { termOfPattern } from './term-of-pattern.ts'
import { createTerms, type Terms } from './terms.ts'

/** What a text has to be. */
export type Condition =
  /** Matched as a whole, or found in the text; or not. */
  | {
      readonly kind: 'pattern'
      readonly pattern: Pattern
      readonly whole: boolean
      readonly negated: boolean
    }
  /**
   * At least so many code points, and at most so many UTF-16 units: JSON Schema and Python count the first, JavaScript's
   * validators the second, and a text within these bounds is within theirs.
   */
  | { readonly kind: 'lengths'; readonly min: number; readonly max: number }
  /**
   * Digits of a multiple, as `Multiple` of the terms says, and `zeros` after them. A sign may stand before them, and a
   * single 0 is always one.
   */
  | {
      readonly kind: 'multiple'
      readonly of: number
      readonly decimals: number
      readonly zeros: number
      readonly negated: boolean
    }

/**
 * An expression of the texts that fulfil all `conditions`, or undefined where there are none.
 * @param most UTF-16 units that a text may have. They are counted as an answer is written, so they take no places.
 * @throws TooLarge where there are too many to tell apart, RegexError where a pattern is not supported
 */
export function languageOf(
  conditions: readonly Condition[],
  spelling: Spelling,
  budget: Budget,
  most = Number.POSITIVE_INFINITY,
): Expression | undefined {
  const terms = termsOf(conditions, WRITABLE, budget)
  const start = all(terms, conditions)
  const places = explore(terms, start)
  if (places === undefined || fewestUnits(places, terms.alphabet) > most) return undefined
  const moves = spell(places, terms.alphabet, spelling, budget)
  if (spelling.quote !== '') {
    // Places stand after the one before the quote.
    const counted = { most, first: 1, end: 1 + places.length }
    return { kind: 'machine', moves, ...(2 * start.within.longest > most && { counted }) }
  }
  const machine: Expression = moves[0]?.length === 0 ? EMPTY : { kind: 'machine', moves }
  return places[0]?.mayEnd ? optional(machine) : machine
}

/**
 * What tells whether a text fulfils all `conditions`. Each text is read once, whatever the patterns are.
 * @throws TooLarge, RegexError; the function that it gives throws TooLarge
 */
export function fulfilmentOf(conditions: readonly Condition[], budget: Budget): (text: string) => boolean {
  const terms = termsOf(conditions, [[0, LAST]], budget)
  const derive = createDerivatives(terms)
  const start = all(terms, conditions)
  return (text) => {
    let left = start
    for (const char of text) left = derive(left, terms.alphabet.classOf(char.codePointAt(0) ?? 0))
    return left.nullable
  }
}

function termsOf(conditions: readonly Condition[], universe: CharacterSet, budget: Budget): Terms {
  const sets = conditions.flatMap((condition) => {
    if (condition.kind === 'pattern') return setsOf(condition.pattern)
    return condition.kind === 'multiple' ? MULTIPLE_SETS : []
  })
  return createTerms(createAlphabet(sets, universe, budget), budget)
}

/** A sign, a point and each digit by itself. */
const MULTIPLE_SETS: readonly CharacterSet[] = setsOf({ kind: 'text', text: '-.0123456789' })

function all(terms: Terms, conditions: readonly Condition[]): Term {
  return terms.and(conditions.map((condition) => termOf(terms, condition)))
}

function termOf(terms: Terms, condition: Condition): Term {
  switch (condition.kind) {
    case 'pattern': {
      const found = termOfPattern(terms, condition.pattern, condition.whole)
      return condition.negated ? terms.not(found) : found
    }
    case 'lengths': {
      const { min, max } = condition
      return terms.and([terms.repeat(terms.ANY, min, MANY), max === MANY ? terms.ALL : terms.units(max)])
    }
    case 'multiple': {
      const sign = terms.set(terms.alphabet.bitsOf([[45, 45]]))
      const zero = terms.set(terms.alphabet.bitsOf([[48, 48]]))
      const { of, decimals, zeros } = condition
      const digits = terms.then(terms.multiple(of, decimals), terms.repeat(zero, zeros, zeros))
      const found = terms.then(terms.repeat(sign, 0, 1), terms.or([digits, zero]))
      return condition.negated ? terms.not(found) : found
    }
  }
}
