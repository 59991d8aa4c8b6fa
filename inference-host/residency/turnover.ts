/** How much of the time goes into loading one model in the place of another. */
export type Turnover = {
  /** Counts a load that was asked for while the host served. */
  loaded(tookMs: number): void
  /** How long nobody may be evicted yet, in milliseconds. */
  restMs(): number
}

/** The part of the time that loading may take where models that do not fit together are asked for by turns. */
const PART = 0.2
/** Loading that may be done in advance, in milliseconds: an occasional change of models does not wait. */
const ADVANCE_MS = 60_000

/**
 * A token bucket of loading time, full at first. Loads take from it, and time fills it. While it is overdrawn, the
 * models in memory stay. So models that push each other out cost a fifth of the time at most, and waiting models take
 * turns.
 * @param now milliseconds on a steady clock
 */
export function createTurnover(now: () => number): Turnover {
  let credit = ADVANCE_MS
  let at = now()

  function fill(): void {
    credit = Math.min(ADVANCE_MS, credit + PART * (now() - at))
    at = now()
  }

  return {
    loaded(tookMs) {
      fill()
      credit -= tookMs
    },
    restMs() {
      fill()
      // Timers of Node may come a millisecond early.
      return credit > -1 ? 0 : -credit / PART
    },
  }
}
