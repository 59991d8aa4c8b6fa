import { type Path, refuse } from '../grammar/refusal.ts'

/** Schemas that one may come to, references followed and combinations written out. */
const MOST_SCHEMAS = 4000
/** Schemas and values that are looked at beside, to tell what may hold together: about half a second. */
const MOST_LOOKS = 500_000
/** Combinations (`allOf`, `$ref` beside others) within one value. */
const MOST_UNFOLDED = 400
/** Ways to fulfil what a value must not be, that are written out. Beyond them, one of each choice is. */
const MOST_WAYS = 16

/** How far the combinations within one value are written out: within how many others, and the ways that are left. */
export type Unfolding = { readonly depth: number; readonly ways: { left: number } }

export function unfolding(): Unfolding {
  return { depth: 0, ways: { left: MOST_WAYS } }
}

export function deeper({ depth, ways }: Unfolding): Unfolding {
  return { depth: depth + 1, ways }
}

/** Counts what one schema comes to. */
export type Counting = {
  /** A schema that is unfolded. @throws TwohopError where there are too many */
  count(at: Path, unfolded: Unfolding): void
  /** What only looks at schemas and values. @throws TwohopError where one schema leads to too much of it */
  look(steps: number): void
}

/** @param path where the schema stands */
export function createCounting(path: Path): Counting {
  let schemas = 0
  let looks = 0
  return {
    count(at, { depth }) {
      if (++schemas > MOST_SCHEMAS)
        throw refuse(path, `The schema unfolds to more than ${MOST_SCHEMAS} schemas.`)
      if (depth > MOST_UNFOLDED) throw refuse(at, 'The combination of schemas does not come to an end.')
    },
    look(steps) {
      looks += steps
      if (looks > MOST_LOOKS)
        throw refuse(path, 'The schema combines more than can be compared. Use fewer choices within choices.')
    },
  }
}
