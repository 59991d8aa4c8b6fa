/** Watches text for strings that end it. */
export type StopStrings = {
  /** Takes the next piece. Gives the text that can be passed on, and whether a stop string ended it. */
  push(piece: string): { text: string; stopped: boolean }
  /** What was held back, once no more text comes. */
  flush(): string
  /** The one that ended the text. */
  readonly ending: string | undefined
}

/** Length of the longest end of `text` that begins `stop`, `stop` itself excluded. */
function begun(text: string, stop: string): number {
  for (let length = Math.min(text.length, stop.length - 1); length > 0; length--)
    if (stop.startsWith(text.slice(-length))) return length
  return 0
}

/**
 * A watch for `stops`: the text ends before the first that appears, however it is cut into pieces. Text that may be
 * the beginning of one is held back until it is known not to be.
 * @param mark Where this appears, the text is over. It and what follows are not looked at.
 */
export function createStopStrings(stops: readonly string[], mark?: string): StopStrings {
  let held = ''
  let over = stops.length === 0
  let ending: string | undefined

  /** Where the first stop string in the first `length` characters begins, or -1. */
  function found(length: number): number {
    const looked = held.slice(0, length)
    const [first] = stops
      .map((stop) => ({ stop, place: looked.indexOf(stop) }))
      .filter(({ place }) => place >= 0)
      .toSorted((a, b) => a.place - b.place)
    ending ??= first?.stop
    return first?.place ?? -1
  }

  function taken(length: number): string {
    const text = held.slice(0, length)
    held = held.slice(length)
    return text
  }

  return {
    push(piece) {
      held += piece
      if (over) return { text: taken(held.length), stopped: false }
      const marked = mark === undefined ? -1 : held.indexOf(mark)
      const known = marked >= 0 ? marked : held.length - (mark === undefined ? 0 : begun(held, mark))
      const end = found(known)
      if (end >= 0) {
        const text = taken(end)
        held = ''
        return { text, stopped: true }
      }
      over = marked >= 0
      if (over) return { text: taken(held.length), stopped: false }
      const looked = held.slice(0, known)
      return { text: taken(known - Math.max(0, ...stops.map((stop) => begun(looked, stop)))), stopped: false }
    },
    flush() {
      // What was held for a mark that did not come is text, and may hold a stop string.
      const end = over ? -1 : found(held.length)
      const text = taken(end >= 0 ? end : held.length)
      held = ''
      return text
    },
    get ending() {
      return ending
    },
  }
}
