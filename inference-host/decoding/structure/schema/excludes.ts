import { isOfTypes, isSilent, type Type, typesOf } from './keywords.ts'
import { isObject, isSchema, type Keywords, listOf, namesOf, type Schema, severalOf } from './schema.ts'
import { includesValue } from './values.ts'

/** Follows a `$ref`. */
type Resolve = (schema: Schema) => Schema

const ALL: readonly Type[] = ['null', 'boolean', 'number', 'string', 'array', 'object']
const MOST_DEPTH = 6

/** Whether no value is valid for both. */
export function neverBoth(one: Schema, two: Schema, resolve: Resolve): boolean {
  return excludes(one, two, resolve, false) || excludes(two, one, resolve, false)
}

/** Whether none that is written for either is valid for the other. */
export function notAsWritten(one: Schema, two: Schema, resolve: Resolve): boolean {
  return excludes(one, two, resolve, true) && excludes(two, one, resolve, true)
}

/**
 * Whether no answer that is written for `written` is valid for `other`. A `true` is proof, a `false` is not.
 * @param whole Whether `written` is all that answers are written by, and not only one of the schemas that hold for them.
 *   Answers hold declared properties only, but what is declared stands in all of these. Where it is false, nothing is
 *   taken from that: a proof is one of all values.
 */
function excludes(written: Schema, other: Schema, resolve: Resolve, whole: boolean, depth = 0): boolean {
  const [a, b] = [resolve(written), resolve(other)]
  if (a === false || b === false) return true
  if (a === true || b === true || depth > MOST_DEPTH) return false
  const go = (one: Schema, two: Schema, all: boolean) => excludes(one, two, resolve, all, depth + 1)
  for (const combiner of ['anyOf', 'oneOf'] as const) {
    const alone = whole && Object.keys(a).every((keyword) => keyword === combiner || isSilent(keyword))
    if (severalOf(a[combiner]).some((any) => listOf(any).every((one) => isSchema(one) && go(one, b, alone))))
      return true
    if (severalOf(b[combiner]).some((any) => listOf(any).every((two) => isSchema(two) && go(a, two, whole))))
      return true
  }
  if (listOf(b.allOf).some((two) => isSchema(two) && go(a, two, whole))) return true
  if (listOf(a.allOf).some((one) => isSchema(one) && go(one, b, false))) return true

  const values = valuesOf(a)
  const others = valuesOf(b)
  if (values && others) return values.every((one) => !includesValue(others, one))
  if (ruledOut(a, b) || ruledOut(b, a)) return true
  const types = kindsOf(a).filter((type) => kindsOf(b).includes(type))
  return types.every((type) => {
    if (type === 'object' && objectsExclude(a, b, whole, resolve, go)) return true
    return BOUNDS[type].some((bounds) => apart(a, b, bounds))
  })
}

/** Whether a `not` of `b` is of all that is valid for `a`: of the values that it lists, of integers, or of its pattern or format. */
function ruledOut(a: Keywords, b: Keywords): boolean {
  const values = valuesOf(a)
  return severalOf(b.not).some((not) => {
    if (!isObject(not)) return false
    const [keyword, ...more] = Object.keys(not).filter((one) => !isSilent(one))
    if (keyword === undefined || more.length > 0) return false
    if (keyword === 'enum') return values?.every((one) => includesValue(listOf(not.enum), one)) === true
    if (keyword === 'multipleOf') return not.multipleOf === 1 && isOfTypes(typesOf(a), ['integer'])
    const strings = kindsOf(a).every((type) => type === 'string')
    return (
      (keyword === 'pattern' || keyword === 'format') &&
      strings &&
      severalOf(a[keyword]).some((one) => one === not[keyword])
    )
  })
}

/** Keywords that have other properties written than those declared beside them. */
const OPENING = [
  ...['$ref', 'allOf', 'anyOf', 'oneOf', 'not', 'const', 'enum'],
  ...['patternProperties', 'propertyNames', 'unevaluatedProperties'],
]

/**
 * Whether any of these properties may be there. Where all that is declared is that some may not be, others are written, as where
 * nothing is declared.
 */
export function declaresSome(properties: Keywords, resolve: Resolve): boolean {
  return Object.values(properties).some((part) => !isSchema(part) || resolve(part) !== false)
}

function objectsExclude(
  a: Keywords,
  b: Keywords,
  whole: boolean,
  resolve: Resolve,
  go: (one: Schema, two: Schema, all: boolean) => boolean,
): boolean {
  const [ofA, ofB] = [propertiesOf(a), propertiesOf(b)]
  const [inA, inB] = [namesOf(a.required), namesOf(b.required)]
  const closed =
    whole &&
    !isObject(a.additionalProperties) &&
    declaresSome(ofA, resolve) &&
    !OPENING.some((keyword) => keyword in a)
  if (closed && inB.some((name) => !Object.hasOwn(ofA, name) && !inA.includes(name))) return true
  return inA.some((name) => {
    if (!Object.hasOwn(ofB, name)) return b.additionalProperties === false && !('patternProperties' in b)
    const [one, two] = [Object.hasOwn(ofA, name) ? ofA[name] : true, ofB[name]]
    return isSchema(one) && isSchema(two) && go(one, two, closed)
  })
}

/** The least and the most of a number or a count, as a schema bounds it. */
type Bounds = readonly [least: string, most: string]

/** The bounds of each type's values. */
const BOUNDS: Record<Type, readonly Bounds[]> = {
  number: [['minimum', 'maximum']],
  integer: [['minimum', 'maximum']],
  string: [['minLength', 'maxLength']],
  array: [['minItems', 'maxItems']],
  object: [['minProperties', 'maxProperties']],
  boolean: [],
  null: [],
}

/** Whether two ranges have nothing in common. Those of numbers may be open. */
function apart(a: Keywords, b: Keywords, [least, most]: Bounds): boolean {
  const below = (one: Keywords, two: Keywords) => {
    const [openHigh, openLow] = [one.exclusiveMaximum, two.exclusiveMinimum].map((bound) =>
      least === 'minimum' ? bound : undefined,
    )
    const high = Math.min(number(one[most], Number.POSITIVE_INFINITY), number(openHigh, Infinity))
    const low = Math.max(number(two[least], -Number.POSITIVE_INFINITY), number(openLow, -Infinity))
    const open = high === openHigh || low === openLow
    return high < low || (high === low && Number.isFinite(high) && open)
  }
  return below(a, b) || below(b, a)
}

function number(value: unknown, otherwise: number): number {
  return typeof value === 'number' ? value : otherwise
}

/** The values that a schema lists, or undefined where it lists none. */
export function valuesOf(schema: Keywords): readonly unknown[] | undefined {
  if ('const' in schema) return [schema.const]
  return Array.isArray(schema.enum) ? schema.enum : undefined
}

/** The types of a schema's values, integers being numbers. */
function kindsOf(schema: Keywords): readonly Type[] {
  const values = valuesOf(schema)
  const types = values?.map(kindOf) ?? typesOf(schema) ?? ALL
  return types.map((type) => (type === 'integer' ? 'number' : type))
}

function kindOf(value: unknown): Type {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  const type = typeof value
  return type === 'number' || type === 'string' || type === 'boolean' ? type : 'object'
}

function propertiesOf(schema: Keywords): Keywords {
  return isObject(schema.properties) ? schema.properties : {}
}
