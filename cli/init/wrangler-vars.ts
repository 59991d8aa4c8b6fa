/** A variable of `wrangler.toml` on a line of its own: a basic string, or a literal one. */
const LINE = /^([A-Z][A-Z0-9_]*)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)')\s*(?:#.*)?$/

/** The variables under `[vars]`, production's, of a `wrangler.toml`. Empty ones are left out. */
export function readVars(toml: string): Map<string, string> {
  const found = new Map<string, string>()
  for (const line of sectionOf(toml).lines) {
    const [, name, basic, literal] = LINE.exec(line) ?? []
    const value = literal ?? (basic === undefined ? '' : basicString(basic))
    if (name !== undefined && value !== '') found.set(name, value)
  }
  return found
}

/**
 * The file with these variables under `[vars]`. Its other lines stay as they are.
 * @throws RangeError where it has no `[vars]`, or a value has a single quote or a line break
 */
export function withVars(toml: string, variables: ReadonlyMap<string, string>): string {
  const { before, lines, after } = sectionOf(toml)
  const left = new Map(variables)
  const changed = lines.map((line) => {
    const name = LINE.exec(line)?.[1]
    const value = name === undefined ? undefined : left.get(name)
    if (name === undefined || value === undefined) return line
    left.delete(name)
    return assignment(name, value)
  })
  const added = [...left].map(([name, value]) => assignment(name, value))
  // What is new stands behind the last variable, not behind the blank line and the comments of what follows.
  const end = changed.findLastIndex((line) => LINE.test(line)) + 1
  return [...before, ...changed.slice(0, end), ...added, ...changed.slice(end), ...after].join('\n')
}

/** TOML 1.0: a literal string holds anything but a single quote and control characters, with no escapes. */
function assignment(name: string, value: string): string {
  if (/['\n\r]/.test(value)) throw new RangeError(`${name} has a sign that wrangler.toml cannot hold`)
  return value.includes('"') || value.includes('\\') ? `${name} = '${value}'` : `${name} = "${value}"`
}

function sectionOf(toml: string) {
  const all = toml.split('\n')
  const start = all.findIndex((line) => line.trim() === '[vars]') + 1
  if (start === 0) throw new RangeError('wrangler.toml has no [vars]')
  const length = all.slice(start).findIndex((line) => line.trim().startsWith('['))
  const end = length < 0 ? all.length : start + length
  return { before: all.slice(0, start), lines: all.slice(start, end), after: all.slice(end) }
}

/** A basic string's text; JSON has all escapes of TOML but `\U`. */
function basicString(inner: string): string {
  try {
    return String(JSON.parse(`"${inner}"`))
  } catch {
    return inner
  }
}
