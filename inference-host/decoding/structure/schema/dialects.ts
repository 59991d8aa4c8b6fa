import type { Path } from '../grammar/refusal.ts'
import { conditionAsSaid, withoutConditions } from './conditions.ts'
import { Containing, isObject, isSchema, type Keywords, type Schema, Several } from './schema.ts'

/** Keywords that name a type's values without naming the type. `null` beside them is a choice of its own. */
const COMBINERS = ['$ref', 'allOf', 'anyOf', 'oneOf']

/**
 * A schema in the words of JSON Schema 2020-12, where older ones say the same otherwise: OpenAPI 3.0's `nullable`,
 * draft 7's `items` with a list and `additionalItems`, draft 4's boolean `exclusiveMinimum` and `exclusiveMaximum`, `not`
 * of everything or of nothing, and conditions.
 */
export function modern(schema: Schema): Schema {
  if (typeof schema === 'boolean') return schema
  const known = saidNow.get(schema)
  if (known !== undefined) return known
  const said = never(nullable(containing(tuple(exclusive(schema)))))
  const now = typeof said === 'boolean' ? said : withoutConditions(said)
  saidNow.set(schema, now)
  // It says the same as itself.
  if (typeof now !== 'boolean') saidNow.set(now, now)
  return now
}

/** What schemas say in the words of 2020-12. Each is looked at many times. */
const saidNow = new WeakMap<Keywords, Schema>()

/** What is not anything is nothing: zod writes `false` so. */
function never(schema: Keywords): Schema {
  if (!('not' in schema)) return schema
  const { not, ...rest } = schema
  if (not === false) return rest
  const anything =
    not === true || (typeof not === 'object' && not?.constructor === Object && Object.keys(not).length === 0)
  return anything ? false : schema
}

function exclusive(schema: Keywords): Keywords {
  let said = schema
  for (const [keyword, bound] of [
    ['exclusiveMinimum', 'minimum'],
    ['exclusiveMaximum', 'maximum'],
  ] as const) {
    if (typeof said[keyword] !== 'boolean') continue
    const { [keyword]: exclusively, [bound]: value, ...rest } = said
    if (exclusively === true && value !== undefined) said = { ...rest, [keyword]: value }
    else said = value === undefined ? rest : { ...rest, [bound]: value }
  }
  return said
}

/** `contains` and the counts beside it are one: each means nothing without the other. */
function containing(schema: Keywords): Keywords {
  if (!('contains' in schema)) return schema
  const { contains, minContains = 1, maxContains, ...rest } = schema
  if (contains === undefined || contains instanceof Containing || contains instanceof Several) return schema
  if (minContains === 0 && maxContains === undefined && isSchema(contains)) return rest
  return { ...rest, contains: new Containing(contains, minContains, maxContains) }
}

function isTuple(schema: Keywords): boolean {
  return Array.isArray(schema.items) && !('prefixItems' in schema)
}

function tuple(schema: Keywords): Keywords {
  if (!isTuple(schema)) return schema
  const { items, additionalItems: rest, ...others } = schema
  if (!Array.isArray(items)) return schema
  return {
    ...others,
    ...(items.length > 0 && { prefixItems: items }),
    ...(rest !== undefined && { items: rest }),
  }
}

/**
 * Null beside `type` is one more type; an `enum` that does not list it still rules it out (OpenAPI 3.0.3, "Clarify
 * Semantics of nullable"). Without `type` it is null or what the rest says.
 */
function nullable(schema: Keywords): Keywords {
  if (schema.nullable !== true) return schema
  const { nullable: _, ...rest } = schema
  if (rest.type !== undefined) return { ...rest, type: [...new Set([rest.type, 'null'].flat())] }
  return isChoice(schema) ? { anyOf: [rest, { type: 'null' }] } : rest
}

/** Whether it is null or what a combiner says. Values that are listed beside that stay the only ones. */
function isChoice(schema: Keywords): boolean {
  return (
    schema.nullable === true &&
    !['type', 'const', 'enum'].some((keyword) => schema[keyword] !== undefined) &&
    COMBINERS.some((keyword) => keyword in schema)
  )
}

/**
 * The path within `root` as its client wrote it, of a `path` in the words of 2020-12. A step that begins with "#" is a
 * reference, which `target` follows.
 */
export function pathAsSaid(root: unknown, path: Path, target: (pointer: string) => unknown): Path {
  const said: (string | number)[] = []
  let part = root
  for (let at = 0; at < path.length; at++) {
    let step = path[at] ?? ''
    if (isObject(part)) {
      if (step === 'anyOf' && path[at + 1] === 0 && isChoice(part)) {
        part = { ...part, nullable: undefined }
        at++
        continue
      }
      const condition = conditionAsSaid(part, path.slice(at))
      if (condition !== undefined) {
        said.push(...condition.said)
        part = condition.part
        at += condition.taken - 1
        continue
      }
      if (isTuple(part) && step === 'items') step = 'additionalItems'
      if (isTuple(part) && step === 'prefixItems') step = 'items'
    }
    said.push(step)
    if (typeof part === 'object' && part !== null && Object.hasOwn(part, step)) part = Reflect.get(part, step)
    else part = typeof step === 'string' && step.startsWith('#') ? target(step) : undefined
  }
  return said
}
