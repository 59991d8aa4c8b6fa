/** A schema that is an object; `true` and `false` are the other two. */
export type Keywords = { readonly [keyword: string]: unknown }
export type Schema = boolean | Keywords

export function isSchema(value: unknown): value is Schema {
  return typeof value === 'boolean' || isObject(value)
}

/** The names in a list of them, such as "required" has; none of anything else. */
export function namesOf(value: unknown): string[] {
  return listOf(value).filter((name) => typeof name === 'string')
}

/** The items of a list; none of anything else. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

export function isObject(value: unknown): value is Keywords {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Whether two values are the same for JSON: members in any order, and 0 as -0, which is written like it. */
export function isSame(one: unknown, two: unknown): boolean {
  if (one === two) return true
  if (Array.isArray(one) && Array.isArray(two))
    return one.length === two.length && one.every((item, place) => isSame(item, two[place]))
  if (one instanceof Several && two instanceof Several) return isSame(one.values, two.values)
  // Not their `constructor`: a client may send a property of that name.
  if (!isObject(one) || !isObject(two) || Object.getPrototypeOf(one) !== Object.getPrototypeOf(two))
    return false
  const names = Object.keys(one)
  return (
    names.length === Object.keys(two).length &&
    names.every((name) => Object.hasOwn(two, name) && isSame(one[name], two[name]))
  )
}

/**
 * Several values of one keyword, all of which have to hold: what is left of two schemas that say different things with a
 * keyword whose values have no common form. No client can send one.
 */
export class Several {
  readonly values: readonly unknown[]
  constructor(values: readonly unknown[]) {
    this.values = values
  }
}

/** What `contains` asks for, with the counts beside it. No client can send one. */
export class Containing {
  readonly schema: unknown
  readonly min: unknown
  readonly max: unknown
  /** @param max Undefined where any number of items may be so. */
  constructor(schema: unknown, min: unknown, max: unknown) {
    this.schema = schema
    this.min = min
    this.max = max
  }
}

/**
 * Options of an `anyOf` that was made of a `not`. It need not hold all that is valid: where options are too many, some can be
 * left out. What is made of it by `filter` or `map` is one too.
 */
export class Leftovers extends Array<Schema> {}

/** The values of a keyword of which there may be several; none where it is missing. */
export function severalOf(value: unknown): readonly unknown[] {
  if (value === undefined) return []
  return value instanceof Several ? value.values : [value]
}
