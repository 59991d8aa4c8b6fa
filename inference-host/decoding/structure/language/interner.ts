import type { Budget } from './budget.ts'
import type { Facts, Shape, Term } from './term.ts'

/** Gives the term of a key: the one that was made for it before, or a new one. */
export type Interner = (key: string, shape: Shape, facts: Facts) => Term

/** @throws TooLarge, of the interner, where the budget ends. */
export function createInterner(budget: Budget): Interner {
  const known = new Map<string, Term>()
  return (key, shape, facts) => {
    const present = known.get(key)
    if (present !== undefined) return present
    budget.spend(1)
    const made = { id: known.size, shape, ...facts }
    known.set(key, made)
    return made
  }
}
