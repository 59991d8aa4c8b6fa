/** Turns token ids into text as they come. */
export type Detokenizer = {
  /** The text that `id` completes; empty while a character is still missing bytes. */
  push(id: number): string
  /** Whether the last token's text is not all given, because a character lacks bytes. */
  readonly unfinished: boolean
}

/**
 * A character's bytes that are not all there decode to one U+FFFD, or to one each where the tokenizer falls back to
 * bytes: at most three, since a character has at most four.
 */
const UNFINISHED = /\uFFFD{1,3}$/

/**
 * Tokens that may wait for the rest of a character before the oldest are dropped. It is more than a character can need.
 */
const MOST_WAITING = 8

/**
 * A detokenizer over `decode` that never gives half a character. Bytes that are never completed are left out. Each
 * token is decoded together with the one before it, because a token's text can depend on its place (a leading space
 * that is dropped at the start); The whole text is never decoded again, so the cost per token is constant.
 */
export function createDetokenizer(decode: (ids: number[]) => string): Detokenizer {
  /** Ids still needed. The text of the first `settled` ids is already given, and `given` counts its characters. */
  let window: number[] = []
  let settled = 0
  let given = 0
  let unfinished = false

  return {
    get unfinished() {
      return unfinished
    },
    push(id) {
      window.push(id)
      const text = decode(window)
      const whole = text.replace(UNFINISHED, '')
      const piece = whole.slice(given)
      unfinished = whole.length < text.length
      if (whole.length === text.length) {
        window = window.slice(settled)
        settled = window.length
        given = decode(window).length
      } else if (window.length > settled + MOST_WAITING) {
        window = window.slice(-MOST_WAITING / 2)
        settled = 0
        given = decode(window).replace(UNFINISHED, '').length
      } else {
        given = Math.max(given, whole.length)
      }
      return piece
    },
  }
}
