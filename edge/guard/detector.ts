/** Characters from the place on which a detector may look at. So no more than this is ever held back. */
export const WINDOW = 512

/**
 * Finds one kind of thing in a text that may still grow.
 *
 * `at` tells whether one begins at `place`: where it ends (exclusive), undefined for none, or `more` where the text that
 * is still to come decides. It looks at one character before the place and at WINDOW characters from it on, and what it
 * said of a text it says of every longer one. `more` is never said of a text that has ended, or whose window is full.
 */
export type Detector = {
  /** What is found, such as `pii.card`. It is told to clients and in logs; what was found is not. */
  rule: string
  /** What every text has that it finds something in. Most texts do not, so most need no closer look. */
  hint: RegExp
  /** What a find's first character is. Only where one stands is `at` asked. */
  first: RegExp
  at(text: string, place: number, ended: boolean): number | 'more' | undefined
}

/** Whether the window from `place` on is all that there will be of it. */
export function isWhole(text: string, place: number, ended: boolean): boolean {
  return ended || text.length - place >= WINDOW
}

/** A detector made of expressions, which must be sticky (`y`). */
export function pattern({
  rule,
  hint,
  first,
  not = NOTHING,
  whole,
  partial,
  accept = () => true,
}: {
  rule: string
  hint: RegExp
  first: RegExp
  /** What must not stand before a match. */
  not?: RegExp
  /** A match, from its first character on. */
  whole: RegExp
  /** What more text may still make a match, or a longer one, up to the end of the text. */
  partial: RegExp
  /** Whether a match is one, such as by its check digits. */
  accept?: (match: string) => boolean
}): Detector {
  return {
    rule,
    hint,
    first,
    at(text, place, ended) {
      if (place > 0 && not.test(text.charAt(place - 1))) return undefined
      const window = text.slice(place, place + WINDOW)
      if (!isWhole(text, place, ended) && matches(partial, window) === window.length) return 'more'
      const length = matches(whole, window)
      return length > 0 && accept(window.slice(0, length)) ? place + length : undefined
    },
  }
}

const NOTHING = /(?!)/

/** Whether a UTF-16 unit is one of a class, found out once for each that occurs. */
export function classOf(expression: RegExp): (char: string) => boolean {
  const known: boolean[] = []
  return (char) => (known[char.charCodeAt(0)] ??= expression.test(char))
}

/** Characters that a sticky expression matches at a place; 0 for none. */
export function matches(expression: RegExp, text: string, place = 0): number {
  expression.lastIndex = place
  return expression.exec(text)?.[0].length ?? 0
}
