/** A schema as a file of cases has it: nothing of it is known to be good. */
type Keywords = { readonly [keyword: string]: unknown }

/** What stands under these keywords says of the same value what their schema says. */
const OF_THE_SAME = ['allOf', 'anyOf', 'oneOf', 'if', 'then', 'else', 'not']
/** These name schemas, and each is of the same value where it holds a property of that name. */
const OF_THE_SAME_BY_NAME = ['dependencies', 'dependentSchemas']

/**
 * A value without the properties that `schema` does not declare where they stand: by their name, by a pattern, or by a schema of all
 * others. Objects of which nothing is declared keep all.
 */
export function declaredWhereTheyStand(value: unknown, schema: unknown): unknown {
  return kept(value, allOf([schema]))

  function kept(part: unknown, schemas: readonly Keywords[]): unknown {
    if (Array.isArray(part)) return part.map((item, place) => kept(item, allOf(itemSchemas(schemas, place))))
    if (typeof part !== 'object' || part === null) return part
    if (!schemas.some(declaresSome)) return part
    const members = Object.entries(part).flatMap(([name, own]) => {
      const found = schemas.flatMap((one) => memberSchemas(one, name))
      return found.length === 0 ? [] : [[name, kept(own, allOf(found))] as const]
    })
    return Object.fromEntries(members)
  }

  /** The schemas with all that they refer to and combine. */
  function allOf(schemas: readonly unknown[]): Keywords[] {
    const found = new Set<Keywords>()
    const add = (raw: unknown) => {
      if (!isObject(raw) || found.has(raw)) return
      found.add(raw)
      add(pointed(raw.$ref))
      for (const keyword of OF_THE_SAME) for (const one of [raw[keyword]].flat()) add(one)
      for (const keyword of OF_THE_SAME_BY_NAME)
        if (isObject(raw[keyword])) for (const one of Object.values(raw[keyword])) add(one)
    }
    for (const one of schemas) add(one)
    return [...found]
  }

  function pointed(reference: unknown): unknown {
    if (typeof reference !== 'string' || !reference.startsWith('#')) return undefined
    let at: unknown = schema
    for (const step of decodeURIComponent(reference).split('/').slice(1))
      at =
        isObject(at) || Array.isArray(at)
          ? Reflect.get(at, step.replaceAll('~1', '/').replaceAll('~0', '~'))
          : undefined
    return at
  }
}

function itemSchemas(schemas: readonly Keywords[], place: number): unknown[] {
  return schemas.flatMap(({ items, prefixItems, additionalItems, contains, unevaluatedItems }) => {
    const first = [Array.isArray(items) ? items : prefixItems].flat()
    const rest = Array.isArray(items) ? additionalItems : items
    return [first[place] ?? rest, contains, unevaluatedItems]
  })
}

function declaresSome({ properties, required, patternProperties, additionalProperties }: Keywords): boolean {
  return (
    [properties, patternProperties].some((named) => isObject(named) && Object.keys(named).length > 0) ||
    (Array.isArray(required) && required.length > 0) ||
    isObject(additionalProperties)
  )
}

/** The schemas of a member, `true` where it has only to be there; none where it is not declared. */
function memberSchemas(schema: Keywords, name: string): unknown[] {
  const { properties, required, patternProperties, additionalProperties, unevaluatedProperties } = schema
  const own = isObject(properties) && Object.hasOwn(properties, name) ? [properties[name]] : []
  const matching = Object.entries(isObject(patternProperties) ? patternProperties : {})
    .filter(([pattern]) => isFound(pattern, name))
    .map(([, one]) => one)
  const found = [...own, ...matching]
  const rest = [additionalProperties, unevaluatedProperties].filter(isObject)
  if (found.length === 0) found.push(...rest)
  return Array.isArray(required) && required.includes(name) ? [...found, true] : found
}

/** A pattern that cannot be read declares all names: what is kept is only asked for more. */
function isFound(pattern: string, name: string): boolean {
  try {
    return new RegExp(pattern, 'u').test(name)
  } catch {
    return true
  }
}

function isObject(value: unknown): value is Keywords {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
