/** Parses a text as JSON; undefined where it is none. The parser's error is dropped because it quotes the text. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const UTF8 = new TextDecoder('utf-8', { fatal: true })

/**
 * The same of a body's bytes, which are to be UTF-8 (RFC 8259, section 8.1). Bytes that are not would become U+FFFD, and a
 * question that nobody asked.
 */
export function parseJsonBytes(bytes: Uint8Array): unknown {
  try {
    return parseJson(UTF8.decode(bytes))
  } catch {
    return undefined
  }
}
