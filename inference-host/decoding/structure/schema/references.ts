import { type Path, refuse } from '../refusal.ts'
import { modern } from './dialects.ts'
import { ENFORCED, schemaAt } from './keywords.ts'
import { isObject, listOf, type Schema } from './schema.ts'

/** References to references that are followed. */
const MOST_HOPS = 32

/** Follows the references of one schema. */
export type References = {
  /** What a `$ref` at `at` names. @throws TwohopError */
  target(pointer: string, at: Path): unknown
  /** A schema that is no reference itself. @throws TwohopError */
  resolve(schema: Schema): Schema
}

/** @param root The schema that all pointers begin at, which stands at `path`. */
export function createReferences(root: unknown, path: Path): References {
  function target(pointer: string, at: Path): unknown {
    const where = [...at, '$ref']
    if (!pointer.startsWith('#')) throw refuse(where, '"$ref" is supported within the schema only ("#/...").')
    if (pointer !== '#' && !pointer.startsWith('#/'))
      throw refuse(where, '"$ref" to an anchor is not supported.')
    let found: unknown = root
    for (const step of pointer.split('/').slice(1)) {
      const key = decoded(step).replaceAll('~1', '/').replaceAll('~0', '~')
      if (typeof found !== 'object' || found === null || !Object.hasOwn(found, key))
        throw refuse(where, `"$ref" leads nowhere: ${pointer.slice(0, 100)}`)
      found = Reflect.get(found, key)
    }
    return found
  }

  function resolve(schema: Schema): Schema {
    let found = modern(schema)
    for (let hops = 0; hops < MOST_HOPS && isObject(found) && typeof found.$ref === 'string'; hops++) {
      const { $ref, ...rest } = found
      const next = schemaAt(target($ref, path), path)
      if (Object.keys(rest).some((keyword) => ENFORCED.has(keyword)))
        return { ...rest, allOf: [...listOf(rest.allOf), next] }
      found = next
    }
    return found
  }

  return { target, resolve }
}

function decoded(step: string): string {
  try {
    return decodeURIComponent(step)
  } catch {
    return step
  }
}
