import { of } from '../grammar/characters.ts'
import type { Multiple, Term } from './term.ts'
import type { Terms } from './terms.ts'

/** The texts that may follow a character of a class. */
export type Derive = (from: Term, symbol: number) => Term

const DIGITS = [...'0123456789']

/**
 * Derives terms. What was derived is remembered.
 * @throws TooLarge where the budget of `terms` ends.
 */
export function createDerivatives(terms: Terms): Derive {
  const { alphabet, budget, NOTHING, EMPTY } = terms
  const known = new Map<Term, (Term | undefined)[]>()
  const definitions = new Map<Term, Term>()
  const digits = DIGITS.map((digit) => alphabet.classOf(digit.codePointAt(0) ?? 0))
  const point = alphabet.classOf(of('.')[0]?.[0] ?? 0)

  function derive(from: Term, symbol: number): Term {
    let row = known.get(from)
    if (row === undefined) {
      row = new Array(alphabet.classes.length)
      known.set(from, row)
    }
    const present = row[symbol]
    if (present !== undefined) return present
    budget.spend(1)
    const found = computed(from, symbol)
    row[symbol] = found
    return found
  }

  function computed(from: Term, symbol: number): Term {
    const { shape } = from
    switch (shape.kind) {
      case 'nothing':
      case 'empty':
        return NOTHING
      case 'set':
        return has(shape.bits, symbol) ? EMPTY : NOTHING
      case 'then': {
        const one = terms.then(derive(shape.first, symbol), shape.rest)
        return shape.first.nullable ? terms.or([one, derive(shape.rest, symbol)]) : one
      }
      case 'or':
        return terms.or(shape.parts.map((part) => derive(part, symbol)))
      case 'and':
        return terms.and(shape.parts.map((part) => derive(part, symbol)))
      case 'not':
        return terms.not(derive(shape.part, symbol))
      case 'repeat': {
        const left = terms.repeat(shape.part, Math.max(0, shape.min - 1), shape.max - 1)
        return terms.then(derive(shape.part, symbol), left)
      }
      case 'named':
        return derive(defined(from, shape.define), symbol)
      case 'units': {
        const left = shape.left - (has(alphabet.astral, symbol) ? 2 : 1)
        return left < 0 ? NOTHING : terms.units(left)
      }
      case 'multiple':
        return multipleAfter(from, shape, symbol)
    }
  }

  function defined(name: Term, define: () => Term): Term {
    const present = definitions.get(name) ?? define()
    definitions.set(name, present)
    return present
  }

  function multipleAfter(from: Term, { of: unit, decimals, rest, at }: Multiple, symbol: number): Term {
    if (symbol === point) return at < 0 ? terms.multiple(unit, decimals, rest, 0, from.nullable) : NOTHING
    const digit = digits.indexOf(symbol)
    if (digit < 0) return NOTHING
    // Beyond the last place only zeros say nothing.
    if (at >= decimals) return digit === 0 ? from : NOTHING
    return terms.multiple(unit, decimals, (rest * 10 + digit) % unit, at < 0 ? at : at + 1)
  }

  return derive
}

function has(bits: bigint, symbol: number): boolean {
  return ((bits >> BigInt(symbol)) & 1n) === 1n
}
