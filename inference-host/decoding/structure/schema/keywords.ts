import { type Path, refuse } from '../grammar/refusal.ts'
import { modern } from './dialects.ts'
import { Containing, isObject, isSchema, type Keywords, type Schema, severalOf } from './schema.ts'

/** Keywords of JSON Schema (drafts 7 to 2020-12) that are enforced, in whole or for the values named in the docs. */
export const ENFORCED: ReadonlySet<string> = new Set([
  ...['type', 'const', 'enum', '$ref', 'allOf', 'anyOf', 'oneOf', 'not'],
  ...['properties', 'required', 'additionalProperties', 'patternProperties', 'propertyNames'],
  ...['minProperties', 'maxProperties'],
  ...['items', 'prefixItems', 'minItems', 'maxItems', 'uniqueItems', 'contains'],
  ...['unevaluatedProperties', 'unevaluatedItems'],
  ...['minLength', 'maxLength', 'pattern', 'format'],
  ...['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
])

/**
 * Keywords that rule values out, and that are not enforced. Any other keyword is an annotation (JSON Schema 2020-12, core,
 * section 4.3.1), and annotations rule nothing out.
 */
const REFUSED: ReadonlySet<string> = new Set([
  ...['$dynamicRef', '$recursiveRef'],
  // Draft 3.
  ...['divisibleBy', 'disallow', 'extends'],
])

/** Whether a keyword says nothing about which values are valid. */
export function isSilent(keyword: string): boolean {
  return !ENFORCED.has(keyword) && !REFUSED.has(keyword)
}

export const TYPES = ['null', 'boolean', 'integer', 'number', 'string', 'array', 'object'] as const
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
  if (good.has(schema)) return schema
  for (const keyword of Object.keys(schema)) {
    if (REFUSED.has(keyword)) throw refuse([...path, keyword], `The keyword "${keyword}" is not supported.`)
    if (ENFORCED.has(keyword))
      for (const one of severalOf(schema[keyword])) checkShape(keyword, one, [...path, keyword])
  }
  good.add(schema)
  return schema
}

/** Schemas whose keywords are known to be good. */
const good = new WeakSet<Keywords>()

/**
 * Takes a value as a schema, in the words of 2020-12. Its keywords are checked when it is read.
 * @throws TwohopError `invalid_request` where it is no schema.
 */
export function schemaAt(value: unknown, path: Path): Schema {
  if (isSchema(value)) return modern(value)
  throw refuse(path, 'A schema is an object, true or false.')
}

/** The same, where nothing may stand: undefined then. @throws TwohopError */
export function maybeSchemaAt(value: unknown, path: Path): Schema | undefined {
  return value === undefined ? undefined : schemaAt(value, path)
}

/** The types that a schema names, or undefined where it names none. */
export function typesOf(schema: Keywords): readonly Type[] | undefined {
  const { type } = schema
  if (type === undefined) return undefined
  return Array.isArray(type) ? type.filter(isType) : isType(type) ? ALONE[type] : []
}

/** Whether a value is of a type. */
export function isOf(type: Type, value: unknown): boolean {
  if (type === 'null') return value === null
  if (type === 'integer') return Number.isInteger(value)
  if (type === 'array') return Array.isArray(value)
  if (type === 'object') return isObject(value)
  return typeof value === type
}

/** Whether values of no other types than `of` are valid. */
export function isOfTypes(types: readonly Type[] | undefined, of: readonly Type[]): boolean {
  return types?.every((type) => of.includes(type)) === true
}

const ALONE: Record<Type, readonly Type[]> = {
  null: ['null'],
  boolean: ['boolean'],
  integer: ['integer'],
  number: ['number'],
  string: ['string'],
  array: ['array'],
  object: ['object'],
}

function isType(value: unknown): value is Type {
  return TYPES.some((type) => type === value)
}

const COUNTS = ['minProperties', 'maxProperties', 'minItems', 'maxItems', 'minLength', 'maxLength']
const SCHEMAS = ['additionalProperties', 'propertyNames', 'not', 'unevaluatedProperties', 'unevaluatedItems']
const NUMBERS = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum']

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0
}

function checkShape(keyword: string, value: unknown, path: Path): void {
  const need = (holds: boolean, what: string) => {
    if (!holds) throw refuse(path, `"${keyword}" has to be ${what}.`)
  }
  if (COUNTS.includes(keyword)) need(isCount(value), 'a count')
  else if (keyword === 'multipleOf')
    need(Number.isFinite(value) && Number(value) > 0, 'a number greater than 0')
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
  else if (['properties', 'patternProperties'].includes(keyword)) {
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
  else if (keyword === 'items') need(!Array.isArray(value), 'one schema beside "prefixItems"')
  else if (keyword === 'uniqueItems') need(typeof value === 'boolean', 'true or false')
  else if (['$ref', 'pattern', 'format'].includes(keyword))
    need(typeof value === 'string' && value.length <= 2000, 'a string of at most 2000 characters')
  else if (keyword === 'contains' && value instanceof Containing) {
    const { schema, min, max } = value
    need(isSchema(schema), 'a schema')
    const beside = (name: string, count: unknown) => {
      if (count !== undefined && !isCount(count))
        throw refuse([...path.slice(0, -1), name], `"${name}" has to be a count.`)
    }
    beside('minContains', min)
    beside('maxContains', max)
  } else if (SCHEMAS.includes(keyword)) need(typeof value === 'boolean' || isObject(value), 'a schema')
}
