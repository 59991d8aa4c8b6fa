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

/** A text in a JSON value, and the path of its field. */
export type Text = { path: string; text: string }

/**
 * All texts in a JSON value, and the keys that a client made up in its schemas. The value's depth was bounded when it was
 * parsed.
 */
export function* textsOf(value: unknown, path = ''): Generator<Text> {
  const inSchema = SCHEMAS.test(path)
  if (typeof value === 'string') {
    if (!NO_TEXT.test(path) && !(inSchema && path.endsWith('.type') && TYPES.has(value)))
      yield { path: path.slice(0, LONGEST_PATH), text: value }
  } else if (Array.isArray(value)) {
    // Vectors have numbers by the million.
    for (const [i, one] of value.entries())
      if (typeof one === 'string' || typeof one === 'object') yield* textsOf(one, `${path}[${i}]`)
  } else if (typeof value === 'object' && value !== null)
    for (const [key, one] of Object.entries(value)) {
      if (inSchema && !KEYWORDS.has(key)) yield { path: path.slice(0, LONGEST_PATH), text: key }
      yield* textsOf(one, path === '' ? key : `${path}.${key}`)
    }
}
