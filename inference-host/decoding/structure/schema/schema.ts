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
