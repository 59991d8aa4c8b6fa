import { TwohopError } from '../../../../shared/errors.ts'
import { type Path, refuseNothing, saysNothing } from '../grammar/refusal.ts'
import { merge } from './merge.ts'
import { type Keywords, listOf, type Schema } from './schema.ts'
import { deeper, type Unfolding, unfolding } from './unfolding.ts'

type With = {
  /** A schema with its keywords known to be good. @throws TwohopError where they are not */
  readOf(raw: unknown, at: Path): Schema
  /** What a `$ref` names. @throws TwohopError */
  target(pointer: string, at: Path): unknown
  /** Counts a schema that is unfolded. @throws TwohopError where there are too many */
  count(at: Path, unfolded: Unfolding): void
}

/** Writes schemas that have to hold together as one. */
export type Merging = {
  /** A schema with what it is based on. @throws TwohopError where nothing is valid for all of it */
  merged(schema: Keywords, at: Path, unfolded: Unfolding): Keywords
  /** What a schema is based on and what it adds, as one, where they can be: more is known of that. */
  knownOf(schema: Schema, at: Path): Schema
}

export function createMerging({ readOf, target, count }: With): Merging {
  /**
   * The schemas that all have to hold, in the order in which they are read: what a schema is based on (`$ref`, `allOf`)
   * comes before what it adds. Properties are written in that order.
   */
  function inOrder(raw: unknown, at: Path, unfolded: Unfolding): Schema[] {
    count(at, unfolded)
    const read = readOf(raw, at)
    if (typeof read === 'boolean') return [read]
    const { $ref, allOf, ...own } = read
    const bases = [...($ref === undefined ? [] : [target(String($ref), at)]), ...listOf(allOf)]
    return [...bases.flatMap((base) => inOrder(base, at, deeper(unfolded))), own]
  }

  function merged(schema: Keywords, at: Path, unfolded: Unfolding): Keywords {
    let all: Keywords | undefined = {}
    for (const part of inOrder(schema, at, unfolded)) {
      all = merge(all, part, at)
      if (all === undefined) throw refuseNothing(at, 'Nothing is valid for all of these schemas.')
    }
    return all
  }

  function knownOf(schema: Schema, at: Path): Schema {
    if (typeof schema === 'boolean' || !('$ref' in schema || 'allOf' in schema)) return schema
    try {
      return merged(schema, at, unfolding())
    } catch (error) {
      if (error instanceof TwohopError) return saysNothing(error) ? false : schema
      throw error
    }
  }

  return { merged, knownOf }
}
