/**
 * The beginning of a text, at most so many bytes of UTF-8, with no character cut in two.
 * @param bytes at least 0
 */
export function cutText(text: string, bytes: number): { text: string; isCut: boolean } {
  // A string's unit is one to three bytes, so this much is enough to look at.
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(bytes))
  return { text: text.slice(0, read), isCut: read < text.length }
}
