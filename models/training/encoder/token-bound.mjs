/** Checks that a tokenizer never yields more tokens than a text has UTF-8 bytes, plus two. */

export const OVERHEAD = 2 // [CLS] and [SEP]
const bytes = (text) => Buffer.byteLength(text, 'utf8')

/**
 * Tries every Unicode code point by itself, between letters and repeated, then the given texts.
 * Code points are the whole story: BERT's normalizer treats each by itself, and a token consumes at least one character.
 * Returns the failures as sentences, none when the bound holds.
 */
export function checkTokenBound(tokenizer, texts) {
  const failures = []
  const test = (text) => {
    const { length } = tokenizer.encode(text)
    if (length > bytes(text) + OVERHEAD)
      failures.push(`${JSON.stringify(text)}: ${length} tokens from ${bytes(text)} bytes`)
  }
  for (let point = 0; point <= 0x10ffff; point++) {
    if (point >= 0xd800 && point <= 0xdfff) continue
    const char = String.fromCodePoint(point)
    // A run of 100 is the longest word that WordPiece does not give up on; a sample of them is enough.
    test(char)
    test(`a${char}${char}b`)
    if (point < 0x3000) test(char.repeat(100))
  }
  for (const text of texts) test(text)
  console.log(
    `token bound: every code point and ${texts.length} texts, ${failures.length} above bytes + ${OVERHEAD}`,
  )
  return failures.slice(0, 5)
}
