import { type Path, refuse } from '../refusal.ts'

/** A schema that is an object; `true` and `false` are the other two. */
export type Keywords = { readonly [keyword: string]: unknown }
export type Schema = boolean | Keywords

/** Keywords of JSON Schema (drafts 7 to 2020-12) that are enforced, in whole or for the values named in the docs. */
export const ENFORCED: ReadonlySet<string> = new Set([
  ...['type', 'const', 'enum', '$ref', 'allOf', 'anyOf', 'oneOf'],
  ...['properties', 'required', 'additionalProperties', 'propertyNames', 'minProperties', 'maxProperties'],
  ...['items', 'prefixItems', 'minItems', 'maxItems', 'uniqueItems'],
  ...['minLength', 'maxLength', 'pattern', 'format'],
  ...['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
])

/** Keywords that say nothing about which values are valid, or only hold definitions. */
const SILENT: ReadonlySet<string> = new Set([
  ...['title', 'description', 'default', 'examples', 'example', 'deprecated', 'readOnly', 'writeOnly'],
  ...['$comment', '$schema', '$id', 'id', '$defs', 'definitions', 'discriminator', 'externalDocs', 'xml'],
  ...['contentEncoding', 'contentMediaType', 'contentSchema'],
])

/** Keywords that stand alone: once they are read, they do not change what is valid. */
export function isSilent(keyword: string): boolean {
  return SILENT.has(keyword) || keyword.startsWith('x-')
}

const TYPES = ['null', 'boolean', 'integer', 'number', 'string', 'array', 'object'] as const
export type Type = (typeof TYPES)[number]

/** Steps from the outermost schema to an inner one. A property takes two, and a reference begins anew. */
const MOST_STEPS = 96
const MOST_PROPERTIES = 512
const MOST_VALUES = 1000

/**
 * Gives the schema at `path` its type, once its keywords and the shapes of their values are known to be good.
 * @throws TwohopError `invalid_request` that names the keyword.
 */
export function readSchema(value: unknown, path: Path): Schema {
  const schema = schemaAt(value, path)
  if (typeof schema === 'boolean') return schema
  if (path.length > MOST_STEPS) throw refuse(path.slice(0, 8), 'Schemas are nested too deep.')
  for (const keyword of Object.keys(schema)) {
    if (!ENFORCED.has(keyword) && !isSilent(keyword))
      throw refuse([...path, keyword], `The keyword "${keyword.slice(0, 64)}" is not supported.`)
    if (ENFORCED.has(keyword)) checkShape(keyword, schema[keyword], [...path, keyword])
  }
  return schema
}

/**
 * Takes a value as a schema. Its keywords are checked when it is read.
 * @throws TwohopError `invalid_request` where it is no schema.
 */
export function schemaAt(value: unknown, path: Path): Schema {
  if (isSchema(value)) return value
  throw refuse(path, 'A schema is an object, true or false.')
}

/** The same, where nothing may stand: undefined then. @throws TwohopError */
export function maybeSchemaAt(value: unknown, path: Path): Schema | undefined {
  return value === undefined ? undefined : schemaAt(value, path)
}

export function isSchema(value: unknown): value is Schema {
  return typeof value === 'boolean' || isObject(value)
}

/** The names in a list of them, such as "required" has; none of anything else. */
export function namesOf(value: unknown): string[] {
  return listOf(value).filter((name) => typeof name === 'string')
}

/** The items of a list; none of anything else. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

export function isObject(value: unknown): value is Keywords {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The types that a schema names, or undefined where it names none. */
export function typesOf(schema: Keywords): readonly Type[] | undefined {
  return schema.type === undefined ? undefined : [schema.type].flat().filter(isType)
}

function isType(value: unknown): value is Type {
  return TYPES.some((type) => type === value)
}

const COUNTS = ['minProperties', 'maxProperties', 'minItems', 'maxItems', 'minLength', 'maxLength']
const NUMBERS = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf']

function checkShape(keyword: string, value: unknown, path: Path): void {
  const need = (good: boolean, what: string) => {
    if (!good) throw refuse(path, `"${keyword}" has to be ${what}.`)
  }
  if (COUNTS.includes(keyword)) need(Number.isSafeInteger(value) && Number(value) >= 0, 'a count')
  else if (NUMBERS.includes(keyword)) need(Number.isFinite(value), 'a number')
  else if (keyword === 'type') {
    const named = [value].flat()
    need(named.length > 0 && named.every(isType), `of ${TYPES.join(', ')}`)
  } else if (keyword === 'enum')
    need(
      Array.isArray(value) && value.length > 0 && value.length <= MOST_VALUES,
      `1 to ${MOST_VALUES} values`,
    )
  else if (keyword === 'required')
    need(Array.isArray(value) && value.every((name) => typeof name === 'string'), 'a list of names')
  else if (keyword === 'properties') {
    need(
      isObject(value) && Object.keys(value).length <= MOST_PROPERTIES,
      `at most ${MOST_PROPERTIES} schemas by name`,
    )
    need(
      isObject(value) && !Object.hasOwn(value, '__proto__'),
      'without a "__proto__", which parsers treat in their own ways',
    )
  } else if (['allOf', 'anyOf', 'oneOf', 'prefixItems'].includes(keyword))
    need(Array.isArray(value) && value.length > 0 && value.length <= MOST_VALUES, 'a list of schemas')
  else if (keyword === 'items')
    need(!Array.isArray(value), 'one schema; a list of them is called "prefixItems"')
  else if (keyword === 'uniqueItems') need(typeof value === 'boolean', 'true or false')
  else if (['$ref', 'pattern', 'format'].includes(keyword))
    need(typeof value === 'string' && value.length <= 2000, 'a string of at most 2000 characters')
  else if (['additionalProperties', 'propertyNames'].includes(keyword))
    need(typeof value === 'boolean' || isObject(value), 'a schema')
}
