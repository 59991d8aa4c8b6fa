import { choice, type Expression } from '../grammar/expression.ts'
import { type Path, refuseNothing } from '../grammar/refusal.ts'
import { isOf, type Type, typesOf } from './keywords.ts'
import { isObject, isSame, type Keywords, listOf, severalOf } from './schema.ts'
import type { Scope } from './scope.ts'
import { literal } from './strings.ts'
import { isValid } from './validity.ts'

/** The boolean that is not ruled out, or both. */
export function booleanOf(schema: Keywords): Expression {
  const excluded = excludedFrom(schema)
  return choice([true, false].filter((value) => !excluded.includes(value)).map(literal))
}

/** The types of which `not` leaves a value, of those given; undefined where any value will do. */
export function possibleTypes(schema: Keywords, given: readonly Type[]): readonly Type[] | undefined {
  const excluded = excludedFrom(schema)
  if (given.length === 0 && excluded.length === 0) return undefined
  const types: readonly Type[] =
    given.length > 0 ? given : ['null', 'boolean', 'number', 'string', 'array', 'object']
  return types.filter((type) => {
    const ruled = excluded.filter((value) => isOf(type, value))
    if (type === 'boolean') return new Set(ruled).size < 2
    return ruled.length === 0 || ['string', 'number', 'integer'].includes(type)
  })
}

function excludedFrom(schema: Keywords): unknown[] {
  return severalOf(schema.not)
    .filter(isObject)
    .flatMap((not) => listOf(not.enum))
}

/**
 * The values that `const` and `enum` leave, as far as the other keywords allow them; undefined without either.
 * @throws TwohopError where nothing is left, or a keyword beside them is not supported.
 */
export function finiteValues(schema: Keywords, path: Path, scope: Scope): unknown[] | undefined {
  const { const: only, enum: listed, ...rest } = schema
  const hasOnly = 'const' in schema
  if (!hasOnly && !Array.isArray(listed)) return undefined
  if (hasOnly && Array.isArray(listed) && !listed.some((one) => isSame(one, only)))
    throw refuseNothing(path, 'Nothing is valid for this "const" and "enum".')
  const values = hasOnly ? [only] : listOf(listed)
  const left = values.filter((value) => isValid(value, rest, path, scope))
  if (left.length === 0) throw refuseNothing(path, 'Nothing is valid for this "enum" or "const".')
  return left
}

/** Integers of a range that are taken one by one. */
const MOST_INTEGERS = 64

/** The values of a schema that has few: those it lists, booleans, null, integers of a small range. Undefined elsewhere. */
export function fewValues(schema: Keywords, path: Path, scope: Scope): unknown[] | undefined {
  const listed = finiteValues(schema, path, scope)
  if (listed !== undefined) return listed
  const types = typesOf(schema) ?? []
  const found = types.map((type): unknown[] | undefined => {
    if (type === 'null') return [null]
    return type === 'boolean' ? [false, true] : type === 'integer' ? integersOf(schema) : undefined
  })
  if (found.length === 0 || found.includes(undefined)) return undefined
  return found.flatMap((values) => values ?? []).filter((value) => isValid(value, schema, path, scope))
}

function integersOf(schema: Keywords): number[] | undefined {
  const low = Math.max(Number(schema.minimum ?? -MANY), Number(schema.exclusiveMinimum ?? -MANY))
  const high = Math.min(Number(schema.maximum ?? MANY), Number(schema.exclusiveMaximum ?? MANY))
  if (!(high - low < MOST_INTEGERS)) return undefined
  return Array.from({ length: Math.floor(high) - Math.ceil(low) + 1 }, (_, place) => Math.ceil(low) + place)
}

const MANY = Number.POSITIVE_INFINITY
