import { type Path, refuse } from '../grammar/refusal.ts'
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
  const elsewhere = referenceOfAnother(root)

  function target(pointer: string, at: Path): unknown {
    const where = [...at, '$ref']
    if (elsewhere !== undefined)
      throw refuse(
        [...path, ...elsewhere],
        '"$ref" within a schema that has an "$id" of its own is not supported.',
      )
    if (!pointer.startsWith('#')) throw refuse(where, '"$ref" is supported within the schema only ("#/...").')
    if (pointer !== '#' && !pointer.startsWith('#/'))
      throw refuse(where, '"$ref" to an anchor is not supported.')
    let found: unknown = root
    for (const step of pointer.split('/').slice(1)) {
      const key = decoded(step).replaceAll('~1', '/').replaceAll('~0', '~')
      if (typeof found !== 'object' || found === null || !Object.hasOwn(found, key))
        throw refuse(where, '"$ref" leads nowhere.')
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

/**
 * Where a reference stands that begins at another schema than the root: at one within it that has an `$id` of its own
 * (JSON Schema 2020-12, core, section 8.2.1). Undefined where there is none.
 */
function referenceOfAnother(root: unknown): Path | undefined {
  type Place = {
    readonly part: unknown
    readonly inner: boolean
    readonly step?: string
    readonly of?: Place
  }
  const left: Place[] = [{ part: root, inner: false }]
  for (let place = left.pop(); place !== undefined; place = left.pop()) {
    const { part, of } = place
    if (typeof part !== 'object' || part === null) continue
    const { $id: id, $ref: pointer } = isObject(part) ? part : {}
    const inner = place.inner || (of !== undefined && typeof id === 'string' && !id.startsWith('#'))
    if (inner && typeof pointer === 'string') {
      const steps = ['$ref']
      for (let up: Place | undefined = place; up?.step !== undefined; up = up.of) steps.unshift(up.step)
      return steps
    }
    for (const [step, value] of Object.entries(part)) left.push({ part: value, inner, step, of: place })
  }
  return undefined
}

function decoded(step: string): string {
  try {
    return decodeURIComponent(step)
  } catch {
    return step
  }
}
