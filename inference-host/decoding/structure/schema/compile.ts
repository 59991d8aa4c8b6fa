import { choice, type Expression, type Grammar, rule } from '../expression.ts'
import { ANY_VALUE, jsonRules } from '../json-text.ts'
import { type Path, refuse } from '../refusal.ts'
import { arrayOf } from './array.ts'
import { modern } from './dialects.ts'
import { excludes } from './exclusive.ts'
import { ENFORCED, readSchema, schemaAt, type Type, typesOf } from './keywords.ts'
import { merge } from './merge.ts'
import { objectOf } from './object.ts'
import { finiteValues, literal, numberOf, scalarOf, stringOf } from './scalar.ts'
import { isObject, type Keywords, listOf, type Schema } from './schema.ts'
import type { Scope } from './scope.ts'

/** Schemas that one may come to, references followed and combinations written out. */
const MOST_SCHEMAS = 4000
/** Combinations (`allOf`, `$ref` beside others) within one value. */
const MOST_UNFOLDED = 32
const MOST_ALTERNATIVES = 64

/**
 * A grammar that writes only JSON that is valid for `schema` (JSON Schema 2020-12, and draft 7 where it says the same).
 * It need not have all such texts. Optional white space, rare spellings and names that are not declared are left out.
 * Every text that it generates validates.
 * @throws TwohopError `invalid_request` that names the keyword which is not supported, at its path.
 */
export function compileSchema(schema: unknown, path: Path, name = 'schema'): Grammar {
  const { $id: _, ...withoutId } = isObject(schema) ? schema : {}
  const root = isObject(schema) ? withoutId : schema
  const rules = jsonRules()
  let schemas = 0
  let names = 0

  const scope: Scope = {
    value: (part, at) => value(part, at, 0),
    resolve,
    named(build) {
      const own = `${name} part ${names++}`
      rules.set(own, build())
      return rule(own)
    },
  }

  function value(raw: unknown, at: Path, unfolded: number): Expression {
    if (++schemas > MOST_SCHEMAS)
      throw refuse(path, `The schema unfolds to more than ${MOST_SCHEMAS} schemas.`)
    if (unfolded > MOST_UNFOLDED) throw refuse(at, 'The combination of schemas does not come to an end.')
    const read = readSchema(raw, at)
    if (read === false) throw refuse(at, 'Nothing is valid for "false".')
    if (read === true) return ANY_VALUE
    const enforced = Object.keys(read).filter((keyword) => ENFORCED.has(keyword))
    if (enforced.length === 0) return ANY_VALUE
    if (enforced.length === 1 && read.$ref !== undefined) return reference(String(read.$ref), at)
    for (const combiner of ['$ref', 'allOf', 'anyOf', 'oneOf'] as const)
      if (read[combiner] !== undefined) return combined(read, combiner, at, unfolded)
    return plain(read, at)
  }

  function reference(pointer: string, at: Path): Expression {
    const own = `${name} ${pointer}`
    if (!rules.has(own)) {
      rules.set(own, ANY_VALUE)
      rules.set(own, value(target(pointer, at), [...path, pointer], 0))
    }
    return rule(own)
  }

  function combined(schema: Keywords, combiner: string, at: Path, unfolded: number): Expression {
    const { [combiner]: parts, ...rest } = schema
    const inside = [...at, combiner]
    if (combiner === '$ref' || combiner === 'allOf') return conjunction(schema, at, unfolded)
    const alone = !Object.keys(rest).some((keyword) => ENFORCED.has(keyword))
    const options = listOf(parts).flatMap((part, place): [Schema, Path][] => {
      const read = readSchema(part, [...inside, place])
      const merged = alone ? read : merge(rest, read, at)
      return merged === undefined || merged === false ? [] : [[merged, [...inside, place]]]
    })
    if (options.length === 0) throw refuse(inside, `Nothing is valid for this "${combiner}".`)
    if (combiner === 'oneOf')
      checkExclusive(
        options.map(([one]) => one),
        inside,
      )
    return choice(options.map(([one, where]) => value(one, where, alone ? 0 : unfolded + 1)))
  }

  /**
   * The schemas that all have to hold, in the order in which they are read: what a schema is based on (`$ref`, `allOf`)
   * comes before what it adds. Properties are written in that order.
   */
  function inOrder(raw: unknown, at: Path, unfolded: number): Schema[] {
    if (++schemas > MOST_SCHEMAS)
      throw refuse(path, `The schema unfolds to more than ${MOST_SCHEMAS} schemas.`)
    if (unfolded > MOST_UNFOLDED) throw refuse(at, 'The combination of schemas does not come to an end.')
    const read = readSchema(raw, at)
    if (typeof read === 'boolean') return [read]
    const { $ref, allOf, ...own } = read
    const bases = [...($ref === undefined ? [] : [target(String($ref), at)]), ...listOf(allOf)]
    return [...bases.flatMap((base) => inOrder(base, at, unfolded + 1)), own]
  }

  function conjunction(schema: Keywords, at: Path, unfolded: number): Expression {
    let merged: Keywords | undefined = {}
    for (const part of inOrder(schema, at, unfolded)) {
      merged = merge(merged, part, at)
      if (merged === undefined) throw refuse(at, 'Nothing is valid for all of these schemas.')
    }
    return value(merged, at, unfolded + 1)
  }

  function checkExclusive(options: readonly Schema[], at: Path): void {
    if (options.length > MOST_ALTERNATIVES)
      throw refuse(at, `"oneOf" has more than ${MOST_ALTERNATIVES} schemas.`)
    for (const [place, one] of options.entries())
      for (const two of options.slice(place + 1))
        if (!excludes(one, two, resolve) || !excludes(two, one, resolve))
          throw refuse(
            at,
            '"oneOf" is supported where its schemas cannot both be valid: different types, or a required property with different values. Use "anyOf".',
          )
  }

  function plain(schema: Keywords, at: Path): Expression {
    const values = finiteValues(schema, at)
    if (values !== undefined) return choice(values.map(literal))
    const types = typesOf(schema) ?? impliedTypes(schema)
    if (types.length === 0) return ANY_VALUE
    return choice(types.map((type) => typed(type, schema, at)))
  }

  function typed(type: Type, schema: Keywords, at: Path): Expression {
    if (type === 'object') return objectOf(schema, at, scope)
    if (type === 'array') return arrayOf(schema, at, scope)
    if (type === 'string') return stringOf(schema, at)
    if (type === 'integer' || type === 'number') return numberOf(type, schema, at)
    return scalarOf(type)
  }

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
    for (let hops = 0; hops < MOST_UNFOLDED && isObject(found) && typeof found.$ref === 'string'; hops++) {
      const { $ref, ...rest } = found
      const next = schemaAt(target($ref, path), path)
      if (Object.keys(rest).some((keyword) => ENFORCED.has(keyword)))
        return { ...rest, allOf: [...listOf(rest.allOf), next] }
      found = next
    }
    return found
  }

  return { root: value(root, path, 0), rules }
}

function decoded(step: string): string {
  try {
    return decodeURIComponent(step)
  } catch {
    return step
  }
}

const IMPLIED: readonly (readonly [Type, readonly string[]])[] = [
  [
    'object',
    ['properties', 'required', 'additionalProperties', 'propertyNames', 'minProperties', 'maxProperties'],
  ],
  ['array', ['items', 'prefixItems', 'minItems', 'maxItems', 'uniqueItems']],
  ['string', ['minLength', 'maxLength', 'pattern', 'format']],
  ['number', ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf']],
]

/** The types that a schema without `type` speaks of. Others would be valid too, but were hardly meant. */
function impliedTypes(schema: Keywords): Type[] {
  return IMPLIED.filter(([, keywords]) => keywords.some((keyword) => keyword in schema)).map(([type]) => type)
}
