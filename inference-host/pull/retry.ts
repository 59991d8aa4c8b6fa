import type { ModelError } from '../weights/error.ts'

/** A failure that another try may not meet again. `failure` is thrown when the tries are used up. */
export class Transient extends Error {
  readonly failure: ModelError
  /** Milliseconds that the other side asked to wait. */
  readonly afterMs: number | undefined

  constructor(failure: ModelError, afterMs?: number) {
    super(failure.message, { cause: failure })
    this.failure = failure
    this.afterMs = afterMs
  }
}

export type RetryPolicy = {
  /** Tries in all, at least 1. */
  attempts: number
  /** Waits that many milliseconds; rejects when `signal` is aborted. */
  sleep: (ms: number, signal: AbortSignal) => Promise<void>
  /** A number in [0, 1), as Math.random gives. */
  random: () => number
}

const BASE_MS = 500
const LONGEST_MS = 20_000

/**
 * Runs `attempt` until it succeeds or throws anything but Transient, at most `attempts` times. Between tries it
 * waits a random time up to 0.5 s, 1 s, 2 s, ... 20 s ("full jitter", AWS Architecture Blog, Exponential Backoff
 * And Jitter), and no less than the other side asked for, as far as that is at most 20 s too.
 * @throws the last Transient's failure.
 */
export async function retry<T>(
  attempt: () => Promise<T>,
  policy: RetryPolicy,
  signal: AbortSignal,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt()
    } catch (thrown) {
      if (!(thrown instanceof Transient)) throw thrown
      if (tries >= policy.attempts) throw thrown.failure
      const backoff = policy.random() * BASE_MS * 2 ** (tries - 1)
      await policy.sleep(Math.min(LONGEST_MS, Math.max(backoff, thrown.afterMs ?? 0)), signal)
    }
  }
}
