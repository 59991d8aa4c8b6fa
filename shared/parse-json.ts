/** What a text says as JSON; undefined where it is none. The parser's error, which quotes the text, goes nowhere. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
