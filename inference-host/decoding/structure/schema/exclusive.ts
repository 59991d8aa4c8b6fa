import { isDeepStrictEqual } from 'node:util'
import { type Path, refuse } from '../refusal.ts'
import { type Type, typesOf } from './keywords.ts'
import { isObject, isSchema, type Keywords, namesOf, type Schema } from './schema.ts'

/** Follows a `$ref`. */
type Resolve = (schema: Schema) => Schema

const ALL: readonly Type[] = ['null', 'boolean', 'number', 'string', 'array', 'object']
const MOST_DEPTH = 6
const MOST_ALTERNATIVES = 64

/**
 * For each schema of a `oneOf` at `at`, the places of those that may be valid where it is, as far as can be told.
 * @throws TwohopError where there are too many to be compared
 */
export function overlapsOf(options: readonly Schema[], at: Path, resolve: Resolve): number[][] {
  if (options.length > MOST_ALTERNATIVES)
    throw refuse(at, `"oneOf" has more than ${MOST_ALTERNATIVES} schemas.`)
  const overlaps: number[][] = options.map(() => [])
  for (const [place, one] of options.entries())
    for (const [later, two] of [...options.entries()].slice(place + 1))
      if (!excludes(one, two, resolve) || !excludes(two, one, resolve)) {
        overlaps[place]?.push(later)
        overlaps[later]?.push(place)
      }
  return overlaps
}

/**
 * Whether no answer that is written for `written` is valid for `other`. For `oneOf` it is enough that this holds both
 * ways. A `true` is proof, a `false` is not. Written answers hold declared properties only.
 */
function excludes(written: Schema, other: Schema, resolve: Resolve, depth = 0): boolean {
  const [a, b] = [resolve(written), resolve(other)]
  if (a === false || b === false) return true
  if (a === true || b === true || depth > MOST_DEPTH) return false
  const go = (one: Schema, two: Schema) => excludes(one, two, resolve, depth + 1)
  for (const combiner of ['anyOf', 'oneOf'] as const) {
    if (Array.isArray(a[combiner]) && a[combiner].every((one) => go(one, b))) return true
    if (Array.isArray(b[combiner]) && b[combiner].every((two) => go(a, two))) return true
  }
  if (Array.isArray(b.allOf) && b.allOf.some((two) => go(a, two))) return true
  if (Array.isArray(a.allOf) && a.allOf.some((one) => go(one, b))) return true

  const values = valuesOf(a)
  const others = valuesOf(b)
  if (values && others) return values.every((one) => !others.some((two) => isDeepStrictEqual(one, two)))
  const types = kindsOf(a).filter((type) => kindsOf(b).includes(type))
  return types.every((type) => {
    if (type === 'object') return objectsExclude(a, b, go)
    return type === 'number' && apart(a, b)
  })
}

function objectsExclude(a: Keywords, b: Keywords, go: (one: Schema, two: Schema) => boolean): boolean {
  const [ofA, ofB] = [propertiesOf(a), propertiesOf(b)]
  const [inA, inB] = [namesOf(a.required), namesOf(b.required)]
  // A property that `b` asks for is never written for `a`, unless `a` may write names that are not declared right here.
  const open =
    isObject(a.additionalProperties) ||
    isObject(a.patternProperties) ||
    Object.keys(ofA).length === 0 ||
    ['$ref', 'allOf', 'anyOf', 'oneOf'].some((keyword) => keyword in a)
  if (!open && inB.some((name) => !Object.hasOwn(ofA, name) && !inA.includes(name))) return true
  return inA.some((name) => {
    const [one, two] = [ofA[name], ofB[name]]
    if (two === undefined) return b.additionalProperties === false
    return isSchema(one) && isSchema(two) && go(one, two)
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
