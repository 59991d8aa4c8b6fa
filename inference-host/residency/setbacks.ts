import { ATTEMPTS, coolDownMs, QUIET_MS, retryMs } from './backoff.ts'

/** How often in a row a model was lost, and how often it could not be loaded. */
export type Setbacks = {
  /** It is lost, after `heldMs` milliseconds in memory: if that was long, earlier setbacks count no more. */
  lost(heldMs: number): void
  /** It cannot be loaded. Returns how long it is to be left alone, in milliseconds. */
  broke(): number
  /** It is loaded: failed loads count no more, unless it was lost before. */
  loaded(): void
  /** Whether it was lost so often that its device is to blame. */
  tooOften(): boolean
  /** How long to wait before it is loaded again, in milliseconds: not at all after its first loss. */
  waitMs(): number
}

/** A record without setbacks. */
export function createSetbacks(): Setbacks {
  let losses = 0
  let breaks = 0
  return {
    lost(heldMs) {
      if (heldMs >= QUIET_MS) losses = breaks = 0
      losses++
    },
    broke: () => coolDownMs(++breaks),
    loaded() {
      if (losses === 0) breaks = 0
    },
    tooOften: () => losses >= ATTEMPTS,
    waitMs: () => (losses > 1 ? retryMs(losses - 1) : 0),
  }
}
