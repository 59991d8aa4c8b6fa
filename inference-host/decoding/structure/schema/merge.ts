import { type Path, refuse } from '../grammar/refusal.ts'
import { isOfTypes, isSilent, maybeSchemaAt, schemaAt, type Type, typesOf } from './keywords.ts'
import { isObject, isSame, type Keywords, listOf, type Schema, Several, severalOf } from './schema.ts'
import { hasUnevaluated } from './unevaluated.ts'
import { includesValue } from './values.ts'

/**
 * One schema that allows what both allow, or undefined where that is plainly nothing. References stay as they were. Of
 * annotations, the second schema's are kept.
 * @throws TwohopError where the two say different things with a keyword that cannot be merged.
 */
export function merge(a: Schema, b: Schema, path: Path): Keywords | undefined {
  if (a === false || b === false) return undefined
  if (a === true) return b === true ? {} : b
  if (b === true) return a
  if (hasUnevaluated(a) || hasUnevaluated(b)) return { allOf: [a, b] }
  const merged: { [keyword: string]: unknown } = { ...a }
  for (const [keyword, value] of Object.entries(b)) {
    const present = merged[keyword]
    if (present === undefined || isSilent(keyword) || isSame(present, value)) merged[keyword] = value
    else if (keyword === 'type') merged.type = commonTypes(a, b)
    else if (keyword === 'required') merged.required = [...new Set([...listOf(present), ...listOf(value)])]
    else if (keyword in TIGHTER) merged[keyword] = TIGHTER[keyword]?.(Number(present), Number(value))
    else if (keyword === 'uniqueItems') merged.uniqueItems = present === true || value === true
    else if (keyword === 'enum')
      merged.enum = listOf(present).filter((one) => includesValue(listOf(value), one))
    else if (keyword === 'const') return undefined
    else if (SEVERAL.has(keyword)) merged[keyword] = several(present, value)
    else if (keyword === 'properties' || keyword === 'patternProperties')
      merged[keyword] = both(present, value, [...path, keyword])
    else if (keyword === 'propertyNames')
      merged[keyword] = mergeParts(present, value, [...path, keyword], path)
    else if (keyword === 'allOf' || keyword === '$ref')
      merged.allOf = [
        ...listOf(merged.allOf),
        ...(keyword === 'allOf' ? listOf(value) : [{ [keyword]: value }]),
      ]
    else if (!BY_NEIGHBOURS.has(keyword))
      throw refuse([...path, keyword], `Two different "${keyword}" for one value cannot be combined.`)
  }
  if (Array.isArray(merged.type) && merged.type.length === 0) return undefined
  if (Array.isArray(merged.enum) && merged.enum.length === 0) return undefined
  // Bounds say nothing about values of other types.
  const types = typesOf(merged)
  if (
    BOUNDS.some(([least, most, of]) => Number(merged[least]) > Number(merged[most]) && isOfTypes(types, of))
  )
    return undefined
  return closed(withItems(merged, a, b, path), a, b, path)
}

const BOUNDS = [
  ['minimum', 'maximum', ['integer', 'number']],
  ['minLength', 'maxLength', ['string']],
  ['minItems', 'maxItems', ['array']],
  ['minProperties', 'maxProperties', ['object']],
] as const

/** Keywords that mean something else beside others, so that they are combined with these. */
const BY_NEIGHBOURS: ReadonlySet<string> = new Set(['items', 'prefixItems', 'additionalProperties'])

/** Keywords of which one value can have several. */
const SEVERAL: ReadonlySet<string> = new Set([
  'pattern',
  'format',
  'not',
  'multipleOf',
  'anyOf',
  'oneOf',
  'contains',
])

function several(a: unknown, b: unknown): Several {
  const [of, and] = [severalOf(a), severalOf(b)]
  return new Several([...of, ...and.filter((one) => !of.some((two) => isSame(one, two)))])
}

const TIGHTER: Record<string, (a: number, b: number) => number> = {
  minimum: Math.max,
  exclusiveMinimum: Math.max,
  minLength: Math.max,
  minItems: Math.max,
  minProperties: Math.max,
  maximum: Math.min,
  exclusiveMaximum: Math.min,
  maxLength: Math.min,
  maxItems: Math.min,
  maxProperties: Math.min,
}

function commonTypes(a: Keywords, b: Keywords): Type[] {
  const [of, and] = [typesOf(a) ?? [], typesOf(b) ?? []]
  const narrower = (type: Type, others: readonly Type[]) =>
    others.includes(type) || (type === 'integer' && others.includes('number'))
  return [
    ...new Set([...of.filter((type) => narrower(type, and)), ...and.filter((type) => narrower(type, of))]),
  ]
}

function both(a: unknown, b: unknown, path: Path): Record<string, unknown> {
  const merged: Record<string, unknown> = isObject(a) ? { ...a } : {}
  for (const [name, schema] of Object.entries(isObject(b) ? b : {})) {
    const present = Object.hasOwn(merged, name) ? merged[name] : undefined
    const at = [...path, name]
    merged[name] = present === undefined ? schema : mergeParts(present, schema, at)
  }
  return merged
}

/** Merges two schemas within others. @throws TwohopError also where one of them is no schema. */
function mergeParts(a: unknown, b: unknown, at: Path, path = at): Schema {
  return merge(schemaAt(a, at), schemaAt(b, at), path) ?? false
}

/** Each place of an array has its schema of both: the one of a prefix that goes as far, else the one of the rest. */
function withItems(merged: Keywords, a: Keywords, b: Keywords, path: Path): Keywords {
  const [ofA, ofB] = [listOf(a.prefixItems), listOf(b.prefixItems)]
  const [restA, restB] = [a.items, b.items].map((rest) => maybeSchemaAt(rest, [...path, 'items']))
  const combined = (one: unknown, two: unknown, at: Path) =>
    one === undefined || two === undefined ? (one ?? two ?? true) : mergeParts(one, two, at)
  const prefix = Array.from({ length: Math.max(ofA.length, ofB.length) }, (_, place) =>
    combined(ofA[place] ?? restA, ofB[place] ?? restB, [...path, 'prefixItems', place]),
  )
  return {
    ...merged,
    ...(prefix.length > 0 && { prefixItems: prefix }),
    ...((restA ?? restB) !== undefined && { items: combined(restA, restB, [...path, 'items']) }),
  }
}

/**
 * Applies each schema's `additionalProperties` to the properties that only the other declares. If it is `false`, they
 * are forbidden. If it is a schema, it has to hold for them too.
 */
function closed(merged: Keywords, a: Keywords, b: Keywords, path: Path): Keywords {
  const at = [...path, 'additionalProperties']
  const [ofA, ofB] = [maybeSchemaAt(a.additionalProperties, at), maybeSchemaAt(b.additionalProperties, at)]
  if (ofA === undefined && ofB === undefined) return merged
  const properties: Record<string, unknown> = isObject(merged.properties) ? { ...merged.properties } : {}
  for (const [one, rest, other] of [
    [a, ofA, b],
    [b, ofB, a],
  ] as const) {
    if (rest === undefined || rest === true) continue
    const declared = isObject(one.properties) ? one.properties : {}
    const more = Object.keys(properties).filter((name) => !Object.hasOwn(declared, name))
    if (other.patternProperties !== undefined || (one.patternProperties !== undefined && more.length > 0))
      throw refuse(
        at,
        '"additionalProperties" and "patternProperties" of schemas that are combined are not supported.',
      )
    for (const name of more)
      properties[name] = mergeParts(properties[name], rest, [...path, 'properties', name])
  }
  const additionalProperties =
    ofA === undefined ? ofB : ofB === undefined ? ofA : (merge(ofA, ofB, path) ?? false)
  return { ...merged, ...(Object.keys(properties).length > 0 ? { properties } : {}), additionalProperties }
}
