import type { Catalog } from '../shared/catalog.ts'

/** What one catalog says otherwise than another: a line for each value, by its path. Lists of things with ids go by these. */
export function changesOf(before: Catalog, after: Catalog): string[] {
  const [was, is] = [leaves(before), leaves(after)]
  const paths = [...new Set([...was.keys(), ...is.keys()])]
  return paths.flatMap((path) => {
    const [old, now] = [was.get(path), is.get(path)]
    if (old === now) return []
    if (old === undefined) return [`+ ${path}: ${now}`]
    return [now === undefined ? `- ${path}: ${old}` : `~ ${path}: ${old} -> ${now}`]
  })
}

/** Each value that is no object, as JSON, by its path. */
function leaves(value: unknown, path = '', found = new Map<string, string>()): Map<string, string> {
  if (typeof value !== 'object' || value === null) {
    if (value !== undefined) found.set(path, JSON.stringify(value))
    return found
  }
  for (const [name, inner] of Object.entries(value)) {
    const id = Array.isArray(value) && isNamed(inner) ? inner.id : name
    leaves(inner, path === '' ? id : `${path}.${id}`, found)
  }
  return found
}

const isNamed = (value: unknown): value is { id: string } =>
  typeof value === 'object' && value !== null && 'id' in value && typeof value.id === 'string'
