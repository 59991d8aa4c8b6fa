import { type Path, refuse } from '../grammar/refusal.ts'
import { neverBoth, notAsWritten } from './excludes.ts'
import type { Schema } from './schema.ts'

/** Follows a `$ref`. */
type Resolve = (schema: Schema) => Schema

const MOST_ALTERNATIVES = 64

/**
 * For each schema of a `oneOf` at `at`, the places of those that may be valid where it is, as far as can be told. It is to be
 * written without what is valid for these, and may have more properties then. So what keeps it apart from the others must
 * not be that it has none but its own.
 * @throws TwohopError where there are too many to be compared
 */
export function overlapsOf(options: readonly Schema[], at: Path, resolve: Resolve): number[][] {
  if (options.length > MOST_ALTERNATIVES)
    throw refuse(at, `"oneOf" has more than ${MOST_ALTERNATIVES} schemas.`)
  const overlaps: Set<number>[] = options.map(() => new Set())
  const overlap = (one: number, two: number) => {
    overlaps[one]?.add(two)
    overlaps[two]?.add(one)
  }
  const onlyAsWritten: [number, number][] = []
  for (const [place, one] of options.entries())
    for (const [later, two] of [...options.entries()].slice(place + 1))
      if (!neverBoth(one, two, resolve)) {
        if (notAsWritten(one, two, resolve)) onlyAsWritten.push([place, later])
        else overlap(place, later)
      }
  for (
    let before = -1, found = 0;
    before !== found;
    before = found, found = overlaps.filter(({ size }) => size > 0).length
  )
    for (const [one, two] of onlyAsWritten) if (overlaps[one]?.size || overlaps[two]?.size) overlap(one, two)
  return overlaps.map((places) => [...places])
}
