/** Watches text for strings that end it. */
export type StopStrings = {
  /** Takes the next piece. Gives the text that can be passed on, and whether a stop string ended it. */
  push(piece: string): { text: string; stopped: boolean }
  /** What was held back, once no more text comes. */
  flush(): string
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
 */
export function createStopStrings(stops: readonly string[]): StopStrings {
  let held = ''
  return {
    push(piece) {
      held += piece
      const places = stops.map((stop) => held.indexOf(stop)).filter((place) => place >= 0)
      const stopped = places.length > 0
      const end = stopped
        ? Math.min(...places)
        : held.length - Math.max(0, ...stops.map((stop) => begun(held, stop)))
      const text = held.slice(0, end)
      held = stopped ? '' : held.slice(end)
      return { text, stopped }
    },
    flush() {
      const text = held
      held = ''
      return text
    },
  }
}
