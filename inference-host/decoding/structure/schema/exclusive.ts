import { type Path, refuse } from '../refusal.ts'
import { isSilent, type Type, typesOf } from './keywords.ts'
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

/** Follows a `$ref`. */
type Resolve = (schema: Schema) => Schema

const ALL: readonly Type[] = ['null', 'boolean', 'number', 'string', 'array', 'object']
const MOST_DEPTH = 6
const MOST_ALTERNATIVES = 64

/**
 * For each schema of a `oneOf` at `at`, the places of those that may be valid where it is, as far as can be told. It is to be
 * written without what is valid for these, and may have more properties then. So what keeps it apart from the others must
 * not be that it has none but its own.
 * @throws TwohopError where there are too many to be compared
 */
export function overlapsOf(options: readonly Schema[], at: Path, resolve: Resolve): number[][] {
  if (options.length > MOST_ALTERNATIVES)
    throw refuse(at, `"oneOf" has more than ${MOST_ALTERNATIVES} schemas.`)
  const overlaps: Set<number>[] = options.map(() => new Set())
  const overlap = (one: number, two: number) => {
    overlaps[one]?.add(two)
    overlaps[two]?.add(one)
  }
  const onlyAsWritten: [number, number][] = []
  for (const [place, one] of options.entries())
    for (const [later, two] of [...options.entries()].slice(place + 1))
      if (!neverBoth(one, two, resolve)) {
        if (notAsWritten(one, two, resolve)) onlyAsWritten.push([place, later])
        else overlap(place, later)
      }
  for (
    let before = -1, found = 0;
    before !== found;
    before = found, found = overlaps.filter(({ size }) => size > 0).length
  )
    for (const [one, two] of onlyAsWritten) if (overlaps[one]?.size || overlaps[two]?.size) overlap(one, two)
  return overlaps.map((places) => [...places])
}

/** Whether no value is valid for both. */
function neverBoth(one: Schema, two: Schema, resolve: Resolve): boolean {
  return excludes(one, two, resolve, false) || excludes(two, one, resolve, false)
}

/** Whether none that is written for either is valid for the other. */
function notAsWritten(one: Schema, two: Schema, resolve: Resolve): boolean {
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
  if (values && others) return values.every((one) => !others.some((two) => isSame(one, two)))
  const types = kindsOf(a).filter((type) => kindsOf(b).includes(type))
  return types.every((type) => {
    if (type === 'object') return objectsExclude(a, b, whole, go)
    return type === 'number' && apart(a, b)
  })
}

/** Keywords that have other properties written than those declared beside them. */
const OPENING = [
  ...['$ref', 'allOf', 'anyOf', 'oneOf', 'not', 'const', 'enum'],
  ...['patternProperties', 'propertyNames'],
]

function objectsExclude(
  a: Keywords,
  b: Keywords,
  whole: boolean,
  go: (one: Schema, two: Schema, all: boolean) => boolean,
): boolean {
  const [ofA, ofB] = [propertiesOf(a), propertiesOf(b)]
  const [inA, inB] = [namesOf(a.required), namesOf(b.required)]
  const closed =
    whole &&
    !isObject(a.additionalProperties) &&
    Object.keys(ofA).length > 0 &&
    !OPENING.some((keyword) => keyword in a)
  if (closed && inB.some((name) => !Object.hasOwn(ofA, name) && !inA.includes(name))) return true
  return inA.some((name) => {
    if (!Object.hasOwn(ofB, name)) return b.additionalProperties === false && !('patternProperties' in b)
    const [one, two] = [Object.hasOwn(ofA, name) ? ofA[name] : true, ofB[name]]
    return isSchema(one) && isSchema(two) && go(one, two, closed)
  })
}

/** Whether two ranges of numbers have none in common. */
function apart(a: Keywords, b: Keywords): boolean {
  const below = (one: Keywords, two: Keywords) => {
    const high = Math.min(
      number(one.maximum, Number.POSITIVE_INFINITY),
      number(one.exclusiveMaximum, Infinity),
    )
    const low = Math.max(
      number(two.minimum, -Number.POSITIVE_INFINITY),
      number(two.exclusiveMinimum, -Infinity),
    )
    const open = high === one.exclusiveMaximum || low === two.exclusiveMinimum
    return high < low || (high === low && Number.isFinite(high) && open)
  }
  return below(a, b) || below(b, a)
}

function number(value: unknown, otherwise: number): number {
  return typeof value === 'number' ? value : otherwise
}

function valuesOf(schema: Keywords): readonly unknown[] | undefined {
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
