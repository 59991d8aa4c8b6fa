import type { Writing } from './seen.ts'

/** Where a name or a word of the API stands, or an image's bytes, and no text: an id that a service made looks random, as a secret does. */
const NO_TEXT =
  /^(?:model|id|object|encoding_format|tool_choice|messages\[\d+\]\.(?:role|tool_call_id|content\[\d+\]\.(?:type|image_url\.url))|messages\[\d+\]\.tool_calls\[\d+\]\.(?:id|type)|(?:tools\[\d+\]|tool_choice|response_format)\.type|data\[\d+\]\.(?:object|embedding))$/
/** JSON schemas, whose keys are a client's own. */
const SCHEMAS =
  /^(?:tools\[\d+\]\.function\.parameters|response_format\.json_schema\.schema|structured_outputs\.json)(?=[.[]|$)/
/** Keywords of JSON Schema that a schema of any kind has: what it says, not what a client says. */
const KEYWORDS = new Set(
  (
    'type properties required items enum const description title default format pattern additionalProperties anyOf oneOf allOf ' +
    '$ref $defs definitions minimum maximum minLength maxLength minItems maxItems uniqueItems prefixItems nullable examples'
  ).split(' '),
)
const TYPES = new Set(['object', 'array', 'string', 'number', 'integer', 'boolean', 'null'])

/** Characters of a path: the names in it are the client's. */
const LONGEST_PATH = 200

/** What is made of a text in a JSON value: itself, or another one. */
export type Change = (text: string, path: string) => string

/** Where calls of a history have their arguments, which are JSON. */
const ARGUMENTS = /\.tool_calls\[\d+\]\.function\.arguments$/
/** Whether the text at a path has to be JSON. */
export const isJsonAt = (path: string) => ARGUMENTS.test(path)
/** How the text at a path is written. */
export const writingAt = (path: string): Writing => (isJsonAt(path) ? 'json' : 'plain')
/**
 * All ways to read a text of a request. JSON may stand in each, such as what a tool said: there the letter behind a backslash is
 * no part of what comes next.
 */
export function writingsAt(path: string, text: string): readonly Writing[] {
  if (!text.includes('\\')) return [writingAt(path)]
  return isJsonAt(path) ? ['json', 'escaped'] : ['escaped', 'plain']
}

/**
 * A JSON value with all of its texts changed, and the keys that a client made up in its schemas, in order. What has no changed
 * text in it is the same object. The value's depth was bounded when it was parsed.
 */
export function mapTexts<Value>(value: Value, change: Change, path = ''): Value {
  // Texts become texts, so it has the same form.
  return mapped(value, change, path) as Value
}

function mapped(value: unknown, change: Change, path: string): unknown {
  const inSchema = SCHEMAS.test(path)
  const shown = path.slice(0, LONGEST_PATH)
  if (typeof value === 'string')
    return NO_TEXT.test(path) || (inSchema && path.endsWith('.type') && TYPES.has(value))
      ? value
      : change(value, shown)
  if (Array.isArray(value)) {
    let changed: unknown[] | undefined
    for (const [i, one] of value.entries()) {
      // Vectors have numbers by the million.
      if (typeof one === 'number' && !inSchema) continue
      const other = mapped(one, change, `${path}[${i}]`)
      if (other === one) continue
      changed ??= [...value]
      changed[i] = other
    }
    return changed ?? value
  }
  if (typeof value === 'number' && inSchema) {
    // It is written into the prompt with the schema.
    const text = String(value)
    const other = change(text, shown)
    return other === text ? value : other
  }
  if (typeof value !== 'object' || value === null) return value
  let same = true
  const entries = Object.entries(value).map(([key, one]) => {
    const name = inSchema && !KEYWORDS.has(key) ? change(key, shown) : key
    const other = mapped(one, change, path === '' ? key : `${path}.${key}`)
    same &&= name === key && other === one
    return [name, other] as const
  })
  return same ? value : Object.fromEntries(entries)
}
