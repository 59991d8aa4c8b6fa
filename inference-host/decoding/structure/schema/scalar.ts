import { isDeepStrictEqual } from 'node:util'
import { type Expression, text } from '../expression.ts'
import { anyString, BOOLEAN, NULL, quoted } from '../json-text.ts'
import { type Path, refuse } from '../refusal.ts'
import { RegexError, searchedRegex, wholeRegex } from '../regex.ts'
import { FORMATS } from './formats.ts'
import { isSilent, type Type, typesOf } from './keywords.ts'
import { within } from './lengths.ts'
import { type Bounds, integerRange, numberRange } from './number-range.ts'
import type { Keywords } from './schema.ts'

/** A value as JSON. U+FFFD is escaped, because a detokenizer takes it for a broken character. */
export function literal(value: unknown): Expression {
  return text(JSON.stringify(value).replaceAll('\ufffd', '\\ufffd'))
}

export function scalarOf(type: 'null' | 'boolean'): Expression {
  return type === 'null' ? NULL : BOOLEAN
}

/**
 * The values that `const` and `enum` leave, as far as the other keywords allow them; undefined without either.
 * @throws TwohopError where nothing is left, or a keyword beside them is not checked here.
 */
export function finiteValues(schema: Keywords, path: Path): unknown[] | undefined {
  const listed = Array.isArray(schema.enum) ? schema.enum : undefined
  if (!('const' in schema)) {
    if (listed === undefined) return undefined
  } else if (listed !== undefined && !listed.some((one) => isDeepStrictEqual(one, schema.const)))
    throw refuse(path, 'Nothing is valid for this "const" and "enum".')
  const values = 'const' in schema ? [schema.const] : (listed ?? [])
  for (const keyword of Object.keys(schema))
    if (!['const', 'enum', 'type'].includes(keyword) && !isSilent(keyword) && !(keyword in CHECKS))
      throw refuse([...path, keyword], `"${keyword}" beside "enum" or "const" is not supported.`)
  const left = values.filter(
    (value) =>
      (typesOf(schema)?.some((type) => isOf(type, value)) ?? true) &&
      Object.entries(CHECKS).every(
        ([keyword, holds]) => !(keyword in schema) || holds(value, Number(schema[keyword])),
      ),
  )
  if (left.length === 0) throw refuse(path, 'Nothing is valid for this "enum" or "const".')
  return left
}

const ofNumber = (holds: (value: number, bound: number) => boolean) => (value: unknown, bound: number) =>
  typeof value !== 'number' || holds(value, bound)
const ofString = (holds: (length: number, bound: number) => boolean) => (value: unknown, bound: number) =>
  typeof value !== 'string' || holds([...value].length, bound)

const CHECKS: Record<string, (value: unknown, bound: number) => boolean> = {
  minimum: ofNumber((value, bound) => value >= bound),
  maximum: ofNumber((value, bound) => value <= bound),
  exclusiveMinimum: ofNumber((value, bound) => value > bound),
  exclusiveMaximum: ofNumber((value, bound) => value < bound),
  minLength: ofString((length, bound) => length >= bound),
  maxLength: ofString((length, bound) => length <= bound),
}

function isOf(type: Type, value: unknown): boolean {
  if (type === 'null') return value === null
  if (type === 'integer') return Number.isInteger(value)
  if (type === 'array') return Array.isArray(value)
  if (type === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value)
  return typeof value === type
}

/** @throws TwohopError where no number is in range, or `multipleOf` is another than 1. */
export function numberOf(type: 'integer' | 'number', schema: Keywords, path: Path): Expression {
  const { multipleOf } = schema
  if (multipleOf !== undefined && multipleOf !== 1)
    throw refuse([...path, 'multipleOf'], 'The keyword "multipleOf" is not supported, but for 1.')
  const bound = (keyword: keyof Bounds) => {
    const value = schema[keyword]
    return typeof value === 'number' ? value : undefined
  }
  const bounds: Bounds = {
    minimum: bound('minimum'),
    maximum: bound('maximum'),
    exclusiveMinimum: bound('exclusiveMinimum'),
    exclusiveMaximum: bound('exclusiveMaximum'),
  }
  const range = type === 'integer' || multipleOf === 1 ? integerRange(bounds) : numberRange(bounds)
  if (range === undefined) throw refuse(path, 'No number of at most 15 digits is in this range.')
  return range
}

/** @throws TwohopError where `pattern` or `format` is not supported, or does not go with the lengths. */
export function stringOf(schema: Keywords, path: Path): Expression {
  const min = Number(schema.minLength ?? 0)
  const max = Number(schema.maxLength ?? Number.POSITIVE_INFINITY)
  if (min > max) throw refuse([...path, 'maxLength'], '"maxLength" is less than "minLength".')
  const { pattern } = schema
  // A format that is not known here says nothing about what is valid (JSON Schema 2020-12, validation, section 7.2.3).
  const format = FORMATS.has(String(schema.format)) ? schema.format : undefined
  if (pattern !== undefined && format !== undefined)
    throw refuse([...path, 'format'], '"format" beside "pattern" is not supported.')
  if (pattern === undefined && format === undefined) return anyString(min, max)
  const content =
    pattern === undefined ? wholeRegex(FORMATS.get(String(format)) ?? '') : matching(String(pattern), path)
  const fitting = within(content, min, max)
  if (fitting === undefined)
    throw refuse(
      [...path, 'maxLength' in schema ? 'maxLength' : 'minLength'],
      `This "${'maxLength' in schema ? 'maxLength' : 'minLength'}" and this "${pattern === undefined ? 'format' : 'pattern'}" are not supported together.`,
    )
  return quoted(fitting)
}

function matching(pattern: string, path: Path): Expression {
  try {
    return searchedRegex(pattern)
  } catch (error) {
    if (!(error instanceof RegexError)) throw error
    throw refuse([...path, 'pattern'], `The "pattern" is not supported: ${error.message}.`)
  }
}
