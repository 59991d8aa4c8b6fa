import * as fc from 'fast-check'

type Json = Record<string, unknown>
type Value = fc.Arbitrary<unknown>

/** Levels of a schema that are followed; below there is nothing, or null. */
const MOST_LEVELS = 6
/** Items of a list, beyond the least: what counts them has tests of its own. */
const MOST_ITEMS = 3

type Options = {
  /** Finds what `$ref` names. */
  find: (ref: string) => Json
  /** Texts of one's own for a property of this name. */
  named: Readonly<Record<string, Value>>
  /** Texts where the schema asks for any. */
  text: Value
}

/**
 * Values of a JSON schema (2020-12, as zod prints it), now and then with numbers at its bounds. A schema that says nothing
 * gives any JSON.
 */
export function fromSchema(schema: Json, options: Options): Value {
  return shaped(schema, options, 0)
}

/** One time in `many` such a value, else none. */
export const seldom = <Some>(value: fc.Arbitrary<Some>, many: number): fc.Arbitrary<Some | undefined> =>
  fc.oneof({ weight: many - 1, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value })

function shaped(schema: Json, options: Options, level: number): Value {
  const { $ref, const: only, enum: some, anyOf, oneOf, type } = schema
  if (typeof $ref === 'string') return shaped(options.find($ref), options, level)
  if (only !== undefined) return fc.constant(only)
  if (Array.isArray(some)) return fc.constantFrom(...some)
  const choices = anyOf ?? oneOf
  if (Array.isArray(choices)) return oneOfThem(choices.map((one: Json) => shaped(one, options, level)))
  if (Array.isArray(type))
    return oneOfThem(type.map((one: string) => shaped({ ...schema, type: one }, options, level)))
  if (type === 'object') return objectOf(schema, options, level)
  if (type === 'array') return arrayOf(schema, options, level)
  if (type === 'string') return textOf(schema, options)
  if (type === 'integer' || type === 'number') return numberOf(schema, type === 'integer')
  if (type === 'boolean') return fc.boolean()
  if (type === 'null') return fc.constant(null)
  return fc.jsonValue({ maxDepth: 2 })
}

const oneOfThem = (values: Value[]): Value => (values.length === 0 ? fc.constant(null) : fc.oneof(...values))

function objectOf(schema: Json, options: Options, level: number): Value {
  const { properties = {}, required = [], additionalProperties } = schema
  if (level >= MOST_LEVELS) return fc.constant({})
  const needed = new Set(Object.values(Object(required)))
  const fields = Object.entries(Object(properties) as Record<string, Json>).map(
    ([name, inner]) => [name, options.named[name] ?? shaped(inner, options, level + 1)] as const,
  )
  // Few of those that may be missing: all at once are refused for one of them, and never get further.
  const kept = fields.map(([name, value]) => [name, needed.has(name) ? value : seldom(value, 6)])
  const object: fc.Arbitrary<Json> = fc.record(Object.fromEntries(kept))
  if (typeof additionalProperties !== 'object' || additionalProperties === null) return object
  const more = fc.dictionary(
    fc.string({ maxLength: 8 }),
    shaped(Object(additionalProperties), options, level + 1),
    { maxKeys: 2 },
  )
  return fc.tuple(object, more).map(([one, other]) => ({ ...other, ...one }))
}

function arrayOf(
  { items, prefixItems, minItems = 0, maxItems }: Json,
  options: Options,
  level: number,
): Value {
  if (Array.isArray(prefixItems))
    return fc.tuple(...prefixItems.map((one: Json) => shaped(one, options, level + 1)))
  const least = Number(minItems)
  const most = Math.min(Number(maxItems ?? Infinity), least + MOST_ITEMS)
  if (level >= MOST_LEVELS) return fc.constant([])
  return fc.array(shaped(Object(items ?? {}), options, level + 1), { minLength: least, maxLength: most })
}

function textOf({ pattern, minLength = 0, maxLength = 40 }: Json, { text }: Options): Value {
  if (typeof pattern === 'string') return fc.stringMatching(new RegExp(pattern, 'u'))
  const [least, most] = [Number(minLength), Number(maxLength)]
  return text.map((any) => {
    const cut = String(any).slice(0, most)
    return cut.length < least ? cut.padEnd(least, 'x') : cut
  })
}

function numberOf(schema: Json, whole: boolean): Value {
  const { minimum, maximum, exclusiveMinimum } = schema
  const min = Number(minimum ?? exclusiveMinimum ?? -1e6)
  const max = Number(maximum ?? 1e6)
  const bounds = fc.constantFrom(min, max)
  if (whole)
    return fc.oneof({ weight: 4, arbitrary: fc.integer({ min, max: Math.min(max, min + 64) }) }, bounds)
  return fc.oneof({ weight: 4, arbitrary: fc.double({ min, max, noNaN: true }) }, bounds)
}
