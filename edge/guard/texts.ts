/** What names something and is no text: an id that a service made looks random, as a secret does. */
const NAMES = new Set(['model', 'role', 'type', 'id', 'object', 'tool_call_id'])

/** A text in a JSON value, and the path of its field. */
export type Text = { path: string; text: string }

/** All texts in a JSON value but names. The value's depth was bounded when it was parsed. */
export function* textsOf(value: unknown, path = ''): Generator<Text> {
  if (typeof value === 'string') yield { path, text: value }
  else if (Array.isArray(value)) for (const [i, one] of value.entries()) yield* textsOf(one, `${path}[${i}]`)
  else if (typeof value === 'object' && value !== null)
    for (const [key, one] of Object.entries(value))
      if (!NAMES.has(key)) yield* textsOf(one, path === '' ? key : `${path}.${key}`)
}
