import { TwohopError } from '../../../../shared/errors.ts'
import { type Path, refuse } from '../grammar/refusal.ts'
import { FORMATS } from './formats.ts'
import { isOfTypes, isSilent, readSchema, TYPES, type Type, typesOf } from './keywords.ts'
import { withoutNumberFormat } from './number-formats.ts'
import {
  Containing,
  isObject,
  isSchema,
  type Keywords,
  Leftovers,
  listOf,
  namesOf,
  type Schema,
  Several,
  severalOf,
} from './schema.ts'

/**
 * The schema with its `not` turned into what is valid instead. Left under `not` are lists of values, and single keywords
 * of strings and numbers where no other type is valid: strings and numbers are written without them. Where nothing else
 * is there, it is the same object.
 * @throws TwohopError at the keyword of which that cannot be said.
 */
export function withoutNots(schema: Keywords, path: Path, resolve: (schema: Schema) => Schema): Keywords {
  const nots = severalOf(schema.not)
  const left = nots.filter((not) => isAtom(not, typesOf(schema)))
  if (left.length === nots.length) return schema
  const { not: _, ...rest } = schema
  const turned = nots
    .filter((not) => !left.includes(not))
    .map((not) => negated(not, [...path, 'not'], resolve, namesIn(schema)))
  // Its own properties come first, in the order in which they are written.
  return { allOf: [{ ...rest, ...(left.length > 0 && { not: new Several(left) }) }, ...turned] }
}

function isAtom(schema: unknown, types: readonly Type[] | undefined): boolean {
  if (!isObject(schema)) return false
  const [keyword, ...more] = Object.keys(schema).filter((one) => !isSilent(one))
  if (keyword === undefined || more.length > 0) return false
  if (keyword === 'enum') return true
  if (keyword === 'multipleOf') return isOfTypes(types, ['number', 'integer'])
  return (keyword === 'pattern' || isOfStrings(keyword, schema)) && isOfTypes(types, ['string'])
}

/** Whether a keyword is a `format` that strings have. Numbers have some, and the others are annotations. */
function isOfStrings(keyword: string, { format }: Keywords): boolean {
  return keyword === 'format' && typeof format === 'string' && FORMATS.has(format)
}

/** Names of properties that a schema speaks of, in itself and in what it is combined from. */
export function namesIn(schema: unknown, depth = 0): string[] {
  if (!isObject(schema) || depth > MOST_DEPTH) return []
  const own = [
    ...Object.keys(isObject(schema.properties) ? schema.properties : {}),
    ...namesOf(schema.required),
  ]
  return [...own, ...listOf(schema.allOf).flatMap((part) => namesIn(part, depth + 1))]
}

/** Schemas within one another that are turned. References may lead back to themselves. */
const MOST_DEPTH = 8
/** Keywords of which what is turned is a schema again. */
const DEEP = new Set(['properties', 'items', 'prefixItems', 'contains', 'not', 'allOf', 'anyOf', 'oneOf'])
/** Schemas that one `not` may come to. */
const MOST_TURNED = 256

/**
 * What is valid where `schema` is not, without a `not` but of atoms (De Morgan's laws). It need not be all of it: what
 * cannot be said is left out, where something else can.
 * @param names Properties that may be written beside those that `schema` speaks of.
 * @throws TwohopError at the keyword of which that cannot be said, where nothing is left.
 */
export function negated(
  raw: unknown,
  path: Path,
  resolve: (schema: Schema) => Schema,
  names: readonly string[],
): Schema {
  let turned = 0
  return turn(raw, path, 0)

  function turn(part: unknown, at: Path, depth: number): Schema {
    if (depth > MOST_DEPTH || ++turned > MOST_TURNED)
      throw refuse(
        path,
        '"not" of schemas that are nested deeper, or lead back to themselves, is not supported.',
      )
    const schema = resolve(readSchema(part, at))
    if (typeof schema === 'boolean') return !schema
    const keywords = Object.entries(schema).filter(([keyword]) => !isSilent(keyword))
    // What leads deeper comes last: it may use up all that may be turned.
    const flat = keywords.filter(([keyword]) => !DEEP.has(keyword))
    const deep = keywords.filter(([keyword]) => DEEP.has(keyword))
    const options = sayable([...flat, ...deep], ([keyword, value]) =>
      without(keyword, value, schema, at, depth + 1),
    )
    const [only] = options
    if (only === undefined) return false
    return options.length > 1 ? { anyOf: Leftovers.from(options) } : only
  }

  function without(keyword: string, value: unknown, whole: Keywords, at: Path, depth: number): Schema[] {
    const number = typeof value === 'number' ? value : Number.NaN
    const inner = (part: unknown, ...steps: (string | number)[]) =>
      turn(part, [...at, keyword, ...steps], depth)
    switch (keyword) {
      case 'type':
        return others(typesOf(whole) ?? [])
      case 'const':
        return [{ not: { enum: [value] } }]
      case 'enum':
        return [{ not: { enum: value } }]
      case 'pattern':
        return [{ type: 'string', not: { pattern: value } }]
      case 'format':
        return isOfStrings(keyword, whole)
          ? [{ type: 'string', not: { format: value } }]
          : withoutNumberFormat(value)
      case 'multipleOf':
        return severalOf(value).map((one) => ({ type: 'number', not: { multipleOf: one } }))
      case 'minLength':
        return number > 0 ? [{ type: 'string', maxLength: number - 1 }] : []
      case 'maxLength':
        return [{ type: 'string', minLength: number + 1 }]
      case 'minItems':
        return number > 0 ? [{ type: 'array', maxItems: number - 1 }] : []
      case 'maxItems':
        return [{ type: 'array', minItems: number + 1 }]
      case 'minProperties':
        return number > 0 ? [{ type: 'object', maxProperties: number - 1 }] : []
      case 'maxProperties':
        return [{ type: 'object', minProperties: number + 1 }]
      case 'minimum':
        return [{ type: 'number', exclusiveMaximum: value }]
      case 'maximum':
        return [{ type: 'number', exclusiveMinimum: value }]
      case 'exclusiveMinimum':
        return [{ type: 'number', maximum: value }]
      case 'exclusiveMaximum':
        return [{ type: 'number', minimum: value }]
      case 'required':
        return namesOf(value).map((name) => ({ type: 'object', properties: { [name]: false } }))
      case 'properties':
        return sayable(Object.entries(isObject(value) ? value : {}), ([name, own]) => [
          has(name, inner(own, name)),
        ])
      case 'additionalProperties':
        return beyond(whole).map((name) => has(name, inner(value)))
      case 'items':
        return first(listOf(whole.prefixItems).length, inner(value))
      case 'prefixItems':
        return listOf(value).flatMap((part, place) => first(place, inner(part, place)))
      case 'contains':
        return severalOf(value).flatMap((one) => (one instanceof Containing ? notContaining(one) : []))
      case 'not':
        return severalOf(value).filter(isSchema)
      case 'allOf':
        return listOf(value).map((part, place) => inner(part, place))
      case 'anyOf':
      case 'oneOf':
        return [{ allOf: listOf(value).map((part, place) => inner(part, place)) }]
      default:
        throw refuse([...at, keyword], `"${keyword}" under "not" is not supported.`)
    }
  }

  /** Names that `additionalProperties` of a schema speaks of, among those that may be written. */
  function beyond({ properties, patternProperties }: Keywords): string[] {
    if (patternProperties !== undefined) return []
    const declared = isObject(properties) ? properties : {}
    return [...new Set(names)].filter((name) => !Object.hasOwn(declared, name))
  }
}

/** What can be said of `parts`. @throws TwohopError of the first that cannot, where nothing is left */
function sayable<Part>(parts: readonly Part[], say: (part: Part) => Schema[]): Schema[] {
  let refused: TwohopError | undefined
  const said = parts.flatMap((part) => {
    try {
      return say(part).filter((option) => option !== false)
    } catch (error) {
      if (!(error instanceof TwohopError)) throw error
      refused ??= error
      return []
    }
  })
  if (said.length === 0 && refused !== undefined) throw refused
  return said
}

/** Objects that have a property of this kind. */
function has(name: string, schema: Schema): Schema {
  return schema !== false && { type: 'object', properties: { [name]: schema }, required: [name] }
}

/** Arrays with fewer such items than are asked for, or with more. */
function notContaining({ schema, min, max }: Containing): Schema[] {
  const arrays = (contains: Containing) => ({ type: 'array', contains })
  return [
    ...(Number(min) > 0 ? [arrays(new Containing(schema, 0, Number(min) - 1))] : []),
    ...(max === undefined ? [] : [arrays(new Containing(schema, Number(max) + 1, undefined))]),
  ]
}

/** Arrays whose item at `place` is of this kind. */
function first(place: number, schema: Schema): Schema[] {
  if (schema === false) return []
  const before: Schema[] = Array.from({ length: place }, () => true)
  return [{ type: 'array', prefixItems: [...before, schema], minItems: place + 1 }]
}

/** Every type but these. A number that is no integer is a number that is no multiple of 1. */
function others(types: readonly Type[]): Schema[] {
  const left = TYPES.filter((type) => !types.includes(type) && !['integer', 'number'].includes(type))
  if (!types.includes('number') && !types.includes('integer')) left.push('number')
  const fractions = types.includes('integer') && !types.includes('number')
  return [
    ...(left.length > 0 ? [{ type: left }] : []),
    ...(fractions ? [{ type: 'number', not: { multipleOf: 1 } }] : []),
  ]
}
