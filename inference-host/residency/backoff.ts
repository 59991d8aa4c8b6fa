/** Tries that one load gets before its model counts as broken. */
export const ATTEMPTS = 3
const RETRY_MS = 1000
const COOL_DOWN_MS = 15_000
const LONGEST_COOL_DOWN_MS = 300_000

/** How long to wait before the next try, after `failed` tries (1 and more): 1 s, 2 s, 4 s and so on. */
export function retryMs(failed: number): number {
  return RETRY_MS * 2 ** (failed - 1)
}

/** How long a model that is broken for the `times`th time in a row (1 and more) is left alone: 15 s to 5 min. */
export function coolDownMs(times: number): number {
  return Math.min(LONGEST_COOL_DOWN_MS, COOL_DOWN_MS * 2 ** (times - 1))
}

/** A model that has not been lost for this long starts anew with its backoff. */
export const QUIET_MS = 60_000
