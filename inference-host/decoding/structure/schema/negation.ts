import { type Path, refuse } from '../refusal.ts'
import { FORMATS } from './formats.ts'
import { isOfTypes, isSilent, readSchema, TYPES, type Type, typesOf } from './keywords.ts'
import { withoutNumberFormat } from './number-formats.ts'
import {
  isObject,
  isSchema,
  type Keywords,
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
  const { not: _, allOf, ...rest } = schema
  const turned = nots
    .filter((not) => !left.includes(not))
    .map((not) => negated(not, [...path, 'not'], resolve))
  return {
    ...rest,
    ...(left.length > 0 && { not: new Several(left) }),
    allOf: [...listOf(allOf), ...turned],
  }
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

/**
 * What is valid where `schema` is not, without a `not` but of atoms (De Morgan's laws).
 * @throws TwohopError at the keyword of which that cannot be said.
 */
function negated(raw: unknown, path: Path, resolve: (schema: Schema) => Schema): Schema {
  const schema = resolve(readSchema(raw, path))
  if (typeof schema === 'boolean') return !schema
  const options: Schema[] = []
  for (const [keyword, value] of Object.entries(schema))
    if (!isSilent(keyword)) options.push(...without(keyword, value, schema))
  const [only] = options
  return only === undefined || options.length > 1 ? options.length > 0 && { anyOf: options } : only

  function without(keyword: string, value: unknown, whole: Keywords): Schema[] {
    const number = Number(value)
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
        return [{ type: 'number', not: { multipleOf: value } }]
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
        return Object.entries(isObject(value) ? value : {}).map(([name, own]) => ({
          type: 'object',
          properties: { [name]: negated(own, [...path, keyword, name], resolve) },
          required: [name],
        }))
      case 'not':
        return isSchema(value) ? [value] : []
      case 'allOf':
        return listOf(value).map((part, place) => negated(part, [...path, keyword, place], resolve))
      case 'anyOf':
        return [
          { allOf: listOf(value).map((part, place) => negated(part, [...path, keyword, place], resolve)) },
        ]
      default:
        throw refuse([...path, keyword], `"${keyword}" under "not" is not supported.`)
    }
  }
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
