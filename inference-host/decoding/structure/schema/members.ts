import { type Path, refuseNothing } from '../grammar/refusal.ts'
import { maybeSchemaAt, readSchema, schemaAt } from './keywords.ts'
import { isObject, type Keywords, listOf, namesOf, type Schema, severalOf } from './schema.ts'
import type { Scope } from './scope.ts'
import { isValid } from './validity.ts'

/** A property that may be written, by name. */
export type Member = { readonly name: string; readonly schema: unknown; readonly required: boolean }

/**
 * The properties that have a name in the schema: those declared, then others that are required, then those of
 * `propertyNames` where it lists them.
 * @throws TwohopError where a required one is not allowed, or more than `most` are required.
 */
export function membersOf(schema: Keywords, path: Path, scope: Scope, most: number): Member[] {
  const properties = isObject(schema.properties) ? schema.properties : {}
  const required = new Set(namesOf(schema.required))
  const names = new Set([...Object.keys(properties), ...required, ...listedNames(schema, path, scope)])
  const all = [...names].map(
    (name): Member => ({
      name,
      schema: memberSchema(schema, name, path, scope),
      required: required.has(name),
    }),
  )
  for (const one of all)
    if (one.required && one.schema === false)
      throw refuseNothing(
        [...path, 'required'],
        `The property ${JSON.stringify(one.name.slice(0, 64))} is required and not allowed.`,
      )
  if (required.size > most)
    throw refuseNothing([...path, 'maxProperties'], '"required" has more names than "maxProperties".')
  return all.filter((one) => one.schema !== false)
}

/** What the value of the property `name` has to be: of its own schema and of those of the patterns that it matches. */
function memberSchema(schema: Keywords, name: string, path: Path, scope: Scope): unknown {
  const { propertyNames: names } = schema
  if (names !== undefined && !isValid(name, readSchema(names, path), [...path, 'propertyNames'], scope))
    return false
  const properties = isObject(schema.properties) ? schema.properties : {}
  const own = Object.hasOwn(properties, name)
    ? [schemaAt(properties[name], [...path, 'properties', name])]
    : []
  const matching = Object.entries(isObject(schema.patternProperties) ? schema.patternProperties : {})
    .filter(([pattern]) => scope.hasPattern(name, pattern, [...path, 'patternProperties']))
    .map(([, part]) => part)
  const parts: unknown[] = [...own, ...matching]
  if (parts.includes(false)) return false
  if (parts.length > 1) return { allOf: parts }
  return parts.length === 1 ? parts[0] : (schema.additionalProperties ?? true)
}

/** The names that `propertyNames` lists. Those of others are chosen freely. */
function listedNames(schema: Keywords, path: Path, scope: Scope): string[] {
  const names = maybeSchemaAt(schema.propertyNames, [...path, 'propertyNames'])
  if (names === undefined) return []
  const written = isObject(schema.additionalProperties) || !isObject(schema.properties)
  return (written && listed(names, scope)) || []
}

/** The names that a schema of names lists, or undefined where it does not. */
export function listed(raw: Schema, scope: Scope): string[] | undefined {
  const names = scope.resolve(raw)
  if (typeof names === 'boolean') return undefined
  const values = 'const' in names ? [names.const] : names.enum
  if (Array.isArray(values)) return namesOf(values)
  const [any, ...more] = [...severalOf(names.anyOf), ...severalOf(names.oneOf)]
  const options = more.length > 0 ? [] : listOf(any)
  const found = options.map((option) => (isObject(option) ? listed(option, scope) : undefined))
  return found.length > 0 && found.every((one) => one !== undefined) ? found.flat() : undefined
}
