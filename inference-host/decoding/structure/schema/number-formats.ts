import type { Bounds } from './number-range.ts'
import { type Keywords, severalOf } from './schema.ts'

/** A format of numbers: its least and greatest, both of them integers as all between. */
type NumberFormat = readonly [least: number, greatest: number]

/**
 * Formats of numbers in OpenAPI's registry (spec.openapis.org/registry/format) that leave some out. The others there
 * (`float`, `double`, `decimal`) allow every number that is written here. The ends of 64 bits are rounded inwards to a
 * double: numbers of 15 digits do not come near them.
 */
const NUMBER_FORMATS: ReadonlyMap<unknown, NumberFormat> = new Map([
  ...[8, 16, 32].flatMap((bits): [string, NumberFormat][] => [
    [`int${bits}`, [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1]],
    [`uint${bits}`, [0, 2 ** bits - 1]],
  ]),
  ['int64', [-(2 ** 63), 2 ** 63 - 1024]],
  ['uint64', [0, 2 ** 64 - 2048]],
  // Integers that a double holds exactly.
  ['double-int', [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER]],
])

export function isNumberFormat(format: unknown): boolean {
  return NUMBER_FORMATS.has(format)
}

/** Whether a number is valid for a format. Formats of strings, and unknown ones, say nothing of numbers. */
export function isOfNumberFormat(value: number, format: unknown): boolean {
  const range = NUMBER_FORMATS.get(format)
  return range === undefined || (Number.isInteger(value) && value >= range[0] && value <= range[1])
}

/** The schemas of the numbers that are not of a format. */
export function withoutNumberFormat(format: unknown): Keywords[] {
  const range = NUMBER_FORMATS.get(format)
  if (range === undefined) return []
  return [
    { type: 'number', exclusiveMaximum: range[0] },
    { type: 'number', exclusiveMinimum: range[1] },
    { type: 'number', not: { multipleOf: 1 } },
  ]
}

/** The bounds of a schema, those of its formats among them, and whether a format asks for integers. */
export function boundsOf(schema: Keywords): { bounds: Bounds; whole: boolean } {
  const bound = (keyword: keyof Bounds) => {
    const value = schema[keyword]
    return typeof value === 'number' ? [value] : []
  }
  const formats = severalOf(schema.format)
    .map((format) => NUMBER_FORMATS.get(format))
    .filter((range) => range !== undefined)
  const lows = [...bound('minimum'), ...formats.map(([least]) => least)]
  const highs = [...bound('maximum'), ...formats.map(([, greatest]) => greatest)]
  return {
    bounds: {
      minimum: lows.length > 0 ? Math.max(...lows) : undefined,
      maximum: highs.length > 0 ? Math.min(...highs) : undefined,
      exclusiveMinimum: bound('exclusiveMinimum')[0],
      exclusiveMaximum: bound('exclusiveMaximum')[0],
    },
    whole: formats.length > 0,
  }
}
