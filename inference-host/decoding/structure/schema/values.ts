import { isObject } from './schema.ts'

/** The values of a list, by what they are for JSON. */
const known = new WeakMap<readonly unknown[], ReadonlySet<unknown>>()

/** Whether a list has a value, as JSON has it: members in any order. A long list is read once, however often it is asked. */
export function includesValue(list: readonly unknown[], value: unknown): boolean {
  let keys = known.get(list)
  if (keys === undefined) {
    keys = new Set(list.map(keyOf))
    known.set(list, keys)
  }
  return keys.has(keyOf(value))
}

/** The same for values that are the same for JSON, and for no others. 0 is -0. */
function keyOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return typeof value === 'string' ? `"${value}` : value
  return canonical(value)
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`
  if (!isObject(value)) return value === 0 ? '0' : String(JSON.stringify(value))
  const names = Object.keys(value).sort()
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join()}}`
}
