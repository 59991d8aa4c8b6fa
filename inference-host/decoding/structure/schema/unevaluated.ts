import { type Path, refuse } from '../grammar/refusal.ts'
import { isObject, isSchema, type Keywords, listOf, type Schema, severalOf } from './schema.ts'

/** Follows a `$ref`. */
type Resolve = (schema: Schema) => Schema

/** Schemas within one another whose properties are looked for. */
const MOST_DEPTH = 16
/** Combinations of choices, each of which describes other properties or items. */
const MOST_WAYS = 64

/** What is known to be described by a schema and what it is based on, where `parts` of its choices hold. */
type Way = {
  readonly parts: readonly Schema[]
  readonly names: readonly string[]
  readonly patterns: readonly string[]
  /** Whether it describes all other properties, too. */
  readonly others: boolean
  /** The same of items: how many of the first, or all. */
  readonly items: number
}

const NOTHING: Way = { parts: [], names: [], patterns: [], others: false, items: 0 }

/** Whether a schema says what holds of all that nothing in it describes. */
export function hasUnevaluated(schema: Keywords): boolean {
  return 'unevaluatedProperties' in schema || 'unevaluatedItems' in schema
}

/**
 * The schema with `unevaluatedProperties` and `unevaluatedItems` said as choices: for each combination of its own, what holds of
 * the properties and items that these do not describe (JSON Schema 2020-12, core, section 11). What more choices describe that
 * hold, too, is left out. Without these keywords, it is the same object.
 * @throws TwohopError at the keyword where there are too many combinations
 */
export function withoutUnevaluated(schema: Keywords, path: Path, resolve: Resolve): Keywords {
  if (!hasUnevaluated(schema)) return schema
  const { unevaluatedProperties: properties, unevaluatedItems: items, ...rest } = schema
  const keyword = properties === undefined ? 'unevaluatedItems' : 'unevaluatedProperties'
  const anyOf = waysOf(rest, 0).map((way) => ({ allOf: [...way.parts, closing(way, properties, items)] }))
  return { allOf: [rest, { anyOf }] }

  function waysOf(raw: Schema, depth: number): Way[] {
    if (depth > MOST_DEPTH)
      throw refuse(
        [...path, keyword],
        `"${keyword}" beside schemas that are nested so deep is not supported.`,
      )
    const found = resolve(raw)
    if (typeof found === 'boolean') return [NOTHING]
    let ways: Way[] = [ownOf(found)]
    for (const part of listOf(found.allOf)) if (isSchema(part)) ways = together(ways, waysOf(part, depth + 1))
    for (const options of [...severalOf(found.anyOf), ...severalOf(found.oneOf)])
      ways = together(
        ways,
        listOf(options).flatMap((option) =>
          isSchema(option)
            ? waysOf(option, depth + 1).map((way) => ({ ...way, parts: [option, ...way.parts] }))
            : [],
        ),
      )
    return ways
  }

  function together(ways: readonly Way[], others: readonly Way[]): Way[] {
    if (ways.length * others.length > MOST_WAYS)
      throw refuse([...path, keyword], `"${keyword}" beside so many choices is not supported.`)
    return ways.flatMap((one) => others.map((two) => both(one, two)))
  }
}

function ownOf(schema: Keywords): Way {
  const all = schema.items !== undefined || schema.unevaluatedItems !== undefined
  return {
    parts: [],
    names: Object.keys(isObject(schema.properties) ? schema.properties : {}),
    patterns: Object.keys(isObject(schema.patternProperties) ? schema.patternProperties : {}),
    others: schema.additionalProperties !== undefined || schema.unevaluatedProperties !== undefined,
    items: all ? Number.POSITIVE_INFINITY : listOf(schema.prefixItems).length,
  }
}

function both(one: Way, two: Way): Way {
  return {
    parts: [...one.parts, ...two.parts],
    names: [...one.names, ...two.names],
    patterns: [...one.patterns, ...two.patterns],
    others: one.others || two.others,
    items: Math.max(one.items, two.items),
  }
}

/** What holds of all that a way does not describe. */
function closing(way: Way, properties: unknown, items: unknown): Keywords {
  const anything = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, true]))
  return {
    ...(properties !== undefined &&
      !way.others && {
        properties: anything(way.names),
        ...(way.patterns.length > 0 && { patternProperties: anything(way.patterns) }),
        additionalProperties: properties,
      }),
    ...(items !== undefined &&
      way.items < Number.POSITIVE_INFINITY && {
        ...(way.items > 0 && { prefixItems: new Array(way.items).fill(true) }),
        items,
      }),
  }
}
