import { type Path, refuse } from '../grammar/refusal.ts'
import { isMultiple } from './decimal.ts'
import { isOf, readSchema, typesOf } from './keywords.ts'
import { isOfNumberFormat } from './number-formats.ts'
import {
  Containing,
  isObject,
  isSame,
  type Keywords,
  listOf,
  namesOf,
  type Schema,
  severalOf,
} from './schema.ts'
import type { Scope } from './scope.ts'
import { textRulesOf } from './strings.ts'
import { includesValue } from './values.ts'

/** Schemas and values within one another that are looked at. */
const MOST_DEPTH = 64
/** What a value and a schema count as, beside two schemas that are compared. */
const LOOKS = 10

/**
 * Whether a value is valid for `schema`, as JSON Schema has it.
 * @throws TwohopError where a keyword is not supported, or schemas lead back to themselves.
 */
export function isValid(value: unknown, raw: Schema, path: Path, scope: Scope, depth = 0): boolean {
  scope.look(LOOKS)
  if (depth > MOST_DEPTH) throw refuse(path, 'These schemas are nested too deep to be checked.')
  const schema = readSchema(raw, path)
  if (typeof schema === 'boolean') return schema
  const unevaluated = ['unevaluatedProperties', 'unevaluatedItems'].find((keyword) => keyword in schema)
  if (unevaluated !== undefined && typeof value === 'object' && value !== null)
    throw refuse([...path, unevaluated], `"${unevaluated}" of listed values is not supported.`)
  const inner = (part: unknown, of: unknown, ...steps: (string | number)[]) =>
    isValid(of, readSchema(part, [...path, ...steps]), [...path, ...steps], scope, depth + 1)
  const types = typesOf(schema)
  if (types !== undefined && !types.some((type) => isOf(type, value))) return false
  if ('const' in schema && !isSame(value, schema.const)) return false
  if (Array.isArray(schema.enum) && !includesValue(schema.enum, value)) return false
  if (schema.$ref !== undefined && !inner(scope.resolve({ $ref: schema.$ref }), value, '$ref')) return false
  const holds = (keyword: string) => (part: unknown, place: number) => inner(part, value, keyword, place)
  if (!listOf(schema.allOf).every(holds('allOf'))) return false
  if (!severalOf(schema.anyOf).every((any) => listOf(any).some(holds('anyOf')))) return false
  if (!severalOf(schema.oneOf).every((one) => listOf(one).filter(holds('oneOf')).length === 1)) return false
  if (severalOf(schema.not).some((part) => inner(part, value, 'not'))) return false
  if (typeof value === 'number') return isNumberValid(value, schema)
  if (typeof value === 'string')
    return scope.texts.fulfilled(
      { ...textRulesOf(schema), notPatterns: [], notFormats: [], not: [] },
      value,
      path,
    )
  if (Array.isArray(value)) return isArrayValid(value, schema, inner)
  return !isObject(value) || isObjectValid(value, schema, path, scope, inner)
}

type Inner = (part: unknown, of: unknown, ...steps: (string | number)[]) => boolean

function isNumberValid(value: number, schema: Keywords): boolean {
  return (
    severalOf(schema.format).every((format) => isOfNumberFormat(value, format)) &&
    value >= Number(schema.minimum ?? value) &&
    value <= Number(schema.maximum ?? value) &&
    (schema.exclusiveMinimum === undefined || value > Number(schema.exclusiveMinimum)) &&
    (schema.exclusiveMaximum === undefined || value < Number(schema.exclusiveMaximum)) &&
    severalOf(schema.multipleOf).every((of) => isMultiple(value, Number(of)))
  )
}

function isArrayValid(value: readonly unknown[], schema: Keywords, inner: Inner): boolean {
  const prefix = listOf(schema.prefixItems)
  const { items } = schema
  return (
    isCountValid(value.length, schema.minItems, schema.maxItems) &&
    value.every((item, place) =>
      place < prefix.length
        ? inner(prefix[place], item, 'prefixItems', place)
        : items === undefined || inner(items, item, 'items'),
    ) &&
    severalOf(schema.contains).every((one) => {
      if (!(one instanceof Containing)) return false
      const count = value.filter((item) => inner(one.schema, item, 'contains')).length
      return isCountValid(count, one.min, one.max)
    }) &&
    (schema.uniqueItems !== true ||
      value.every((one, place) => !value.slice(0, place).some((two) => isSame(one, two))))
  )
}

function isObjectValid(value: Keywords, schema: Keywords, path: Path, scope: Scope, inner: Inner): boolean {
  const names = Object.keys(value)
  const declared: Keywords = isObject(schema.properties) ? schema.properties : {}
  const patterns = Object.entries(isObject(schema.patternProperties) ? schema.patternProperties : {})
  return (
    isCountValid(names.length, schema.minProperties, schema.maxProperties) &&
    namesOf(schema.required).every((name) => Object.hasOwn(value, name)) &&
    names.every((name) => {
      const matching = patterns.filter(([pattern]) =>
        scope.hasPattern(name, pattern, [...path, 'patternProperties']),
      )
      const own = Object.hasOwn(declared, name)
      return (
        (schema.propertyNames === undefined || inner(schema.propertyNames, name, 'propertyNames')) &&
        (!own || inner(declared[name], value[name], 'properties', name)) &&
        matching.every(([pattern, part]) => inner(part, value[name], 'patternProperties', pattern)) &&
        (own ||
          matching.length > 0 ||
          schema.additionalProperties === undefined ||
          inner(schema.additionalProperties, value[name], 'additionalProperties'))
      )
    })
  )
}

function isCountValid(count: number, least: unknown, most: unknown): boolean {
  return count >= Number(least ?? 0) && count <= Number(most ?? Number.POSITIVE_INFINITY)
}
