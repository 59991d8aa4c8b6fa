/** What the form of the playground holds, as text. */
export type Settings = {
  model: string
  system: string
  prompt: string
  max_tokens: string
  temperature: string
  top_p: string
  seed: string
  /** A JSON schema, or nothing. */
  schema: string
  /** A list of tools in JSON, or nothing. */
  tools: string
}

/**
 * The request to `POST /v1/chat/completions`. What is left empty is not sent, so that the edge's defaults hold.
 * @throws Error in words for people where a field is no JSON or no number
 */
export function bodyOf(settings: Settings): Record<string, unknown> {
  const { model, system, prompt, schema, tools } = settings
  const messages = [
    ...(system.trim() === '' ? [] : [{ role: 'system', content: system }]),
    { role: 'user', content: prompt },
  ]
  const numbers = (['max_tokens', 'temperature', 'top_p', 'seed'] as const).flatMap((name) =>
    settings[name].trim() === '' ? [] : [[name, numberIn(name, settings[name])] as const],
  )
  return {
    model,
    messages,
    stream: true,
    stream_options: { include_usage: true },
    ...Object.fromEntries(numbers),
    ...(schema.trim() !== '' && {
      response_format: {
        type: 'json_schema',
        json_schema: { name: 'answer', strict: true, schema: jsonIn('The schema', schema) },
      },
    }),
    ...(tools.trim() !== '' && { tools: jsonIn('The list of tools', tools) }),
  }
}

function numberIn(name: string, text: string): number {
  const value = Number(text)
  if (Number.isFinite(value)) return value
  throw new Error(`${name} is no number.`)
}

function jsonIn(what: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Error(`${what} is not valid JSON.`)
  }
}
