import { neverBoth, valuesOf } from './excludes.ts'
import { isOf, isSilent, type Type, typesOf } from './keywords.ts'
import {
  isObject,
  isSame,
  isSchema,
  type Keywords,
  listOf,
  namesOf,
  type Schema,
  severalOf,
} from './schema.ts'
import { includesValue } from './values.ts'

/** Follows a `$ref`. */
type Resolve = (schema: Schema) => Schema

/** Schemas within one another that are compared. */
const MOST_DEPTH = 6

/** Whether every value that is valid for `given` is valid for `wanted`. A `true` is proof, a `false` is not. */
export function implies(given: Schema, wanted: Schema, resolve: Resolve, depth = 0): boolean {
  if (depth > MOST_DEPTH) return false
  const [a, b] = [resolve(given), resolve(wanted)]
  if (a === false || b === true) return true
  if (a === true || b === false) return b !== false && Object.keys(b).every(isSilent)
  const go = (one: unknown, two: unknown) =>
    isSchema(one) && isSchema(two) && implies(one, two, resolve, depth + 1)
  if (listOf(a.allOf).some((part) => go(part, b))) return true
  return Object.entries(b).every(
    ([keyword, value]) => isSilent(keyword) || keywordImplied(keyword, value, a, b, resolve, go),
  )
}

type Go = (one: unknown, two: unknown) => boolean

function keywordImplied(
  keyword: string,
  value: unknown,
  a: Keywords,
  whole: Keywords,
  resolve: Resolve,
  go: Go,
): boolean {
  const of = TYPES_OF[keyword]
  if (of !== undefined && !mayBe(a, of)) return true
  switch (keyword) {
    case 'type':
      return areOfTypes(a, typesOf(whole) ?? [])
    case 'const':
      return valuesOf(a)?.every((one) => isSame(one, value)) === true
    case 'enum':
      return valuesOf(a)?.every((one) => includesValue(listOf(value), one)) === true
    case 'not':
      return severalOf(value).every((not) => isSchema(not) && neverBoth(a, not, resolve))
    case 'allOf':
      return listOf(value).every((part) => go(a, part))
    case 'anyOf':
      return severalOf(value).every((any) => listOf(any).some((part) => go(a, part)))
    case 'required':
      return namesOf(value).every((name) => namesOf(a.required).includes(name))
    case 'properties':
      return Object.entries(isObject(value) ? value : {}).every(([name, part]) =>
        propertyImplied(name, part, a, go),
      )
    case 'minimum':
    case 'exclusiveMinimum':
    case 'minLength':
    case 'minItems':
    case 'minProperties':
      return Number(a[keyword] ?? Number.NaN) >= Number(value)
    case 'maximum':
    case 'exclusiveMaximum':
    case 'maxLength':
    case 'maxItems':
    case 'maxProperties':
      return Number(a[keyword] ?? Number.NaN) <= Number(value)
    case 'pattern':
    case 'format':
    case 'multipleOf':
      return severalOf(value).every((one) => severalOf(a[keyword]).some((two) => isSame(one, two)))
    default:
      return false
  }
}

/** Keywords that say nothing about values of other types than these. */
const TYPES_OF: Record<string, readonly Type[]> = {
  ...Object.fromEntries(
    ['required', 'properties', 'minProperties', 'maxProperties'].map((keyword) => [keyword, ['object']]),
  ),
  ...Object.fromEntries(['minItems', 'maxItems'].map((keyword) => [keyword, ['array']])),
  ...Object.fromEntries(['minLength', 'maxLength', 'pattern'].map((keyword) => [keyword, ['string']])),
  ...Object.fromEntries(
    ['minimum', 'exclusiveMinimum', 'maximum', 'exclusiveMaximum', 'multipleOf'].map((keyword) => [
      keyword,
      ['integer', 'number'],
    ]),
  ),
}

function propertyImplied(name: string, wanted: unknown, a: Keywords, go: Go): boolean {
  const declared = isObject(a.properties) ? a.properties : {}
  if (Object.hasOwn(declared, name)) return go(declared[name], wanted)
  return wanted === true || (a.additionalProperties === false && a.patternProperties === undefined)
}

/** Whether a value of one of the types may be valid. */
function mayBe(schema: Keywords, types: readonly Type[]): boolean {
  const values = valuesOf(schema)
  if (values !== undefined) return values.some((value) => types.some((type) => isOf(type, value)))
  return typesOf(schema)?.some((type) => types.includes(type)) ?? true
}

function areOfTypes(schema: Keywords, types: readonly Type[]): boolean {
  const values = valuesOf(schema)
  if (values !== undefined) return values.every((value) => types.some((type) => isOf(type, value)))
  const own = typesOf(schema)
  return (
    own?.every((type) => types.includes(type) || (type === 'integer' && types.includes('number'))) === true
  )
}
