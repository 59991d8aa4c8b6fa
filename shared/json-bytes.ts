/** How JSON is printed. */
type Layout = {
  /** Spaces for each level, as in JSON.stringify; 0, the default, prints one line. */
  indent?: number
  /** Whether one line has a space after each comma and colon, as Python and chat templates print it. */
  spaced?: boolean
}

/**
 * The bytes of `value` printed as JSON in UTF-8, without printing it. Indentation makes text that is many times as long
 * as what it is made of: a number under sixty brackets takes 240 spaces. So what only has to be counted is never built.
 * @param value what JSON.parse gives: shallow enough for recursion (shared/json-depth.ts)
 */
export function jsonBytes(value: unknown, { indent = 0, spaced = false }: Layout = {}): number {
  const afterComma = spaced && indent === 0 ? 2 : 1
  const afterColon = spaced || indent > 0 ? 2 : 1
  /** Bytes of a line's end and the spaces of the next line. */
  const line = (depth: number) => (indent === 0 ? 0 : 1 + indent * depth)

  function bytesOf(one: unknown, depth: number): number {
    if (typeof one === 'string') return stringBytes(one)
    // JSON has no infinity: 1e400 is printed as null.
    if (typeof one === 'number') return Number.isFinite(one) ? String(one).length : 4
    if (typeof one === 'boolean') return one ? 4 : 5
    if (typeof one !== 'object' || one === null) return 4
    let count = 0
    let bytes = 0
    if (Array.isArray(one)) {
      count = one.length
      for (const item of one) bytes += bytesOf(item, depth + 1)
    } else
      for (const name in one) {
        const item: unknown = Reflect.get(one, name)
        if (item === undefined) continue
        count++
        bytes += stringBytes(name) + afterColon + bytesOf(item, depth + 1)
      }
    if (count === 0) return 2
    return 2 + bytes + count * line(depth + 1) + (count - 1) * afterComma + line(depth)
  }
  return bytesOf(value, 0)
}

/** The bytes of a string in JSON: its quotes, its escapes, all else in UTF-8. Half of a surrogate pair is escaped. */
export function stringBytes(text: string): number {
  let bytes = 2
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 0x20) bytes += SHORT_ESCAPES.has(unit) ? 2 : 6
    else if (unit === QUOTE || unit === BACKSLASH) bytes += 2
    else if (unit < 0x80) bytes += 1
    else if (unit < 0x800) bytes += 2
    else if (unit < 0xd800 || unit > 0xdfff) bytes += 3
    else if (unit < 0xdc00 && isLow(text.charCodeAt(i + 1))) {
      bytes += 4
      i++
    } else bytes += 6
  }
  return bytes
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
/** \b, \t, \n, \f and \r. */
const SHORT_ESCAPES: ReadonlySet<number> = new Set([8, 9, 10, 12, 13])

const isLow = (unit: number) => unit >= 0xdc00 && unit <= 0xdfff
