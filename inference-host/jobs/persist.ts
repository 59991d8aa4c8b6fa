import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Waits before the second try and each later one, in milliseconds. They double up to the longest. Each is then drawn at
 * random between half and all of that.
 */
const FIRST_WAIT_MS = 250
const LONGEST_WAIT_MS = 10_000

export type Persistence = {
  /** Ends the tries. */
  signal: AbortSignal
  /** Called for each try that failed. */
  onFailure?: (error: unknown) => void
  /** Resolves after so many milliseconds, sooner where the signal is aborted. */
  wait?: (ms: number, signal: AbortSignal) => Promise<void>
  /** From 0 to 1. */
  random?: () => number
}

/** Asks until there is an answer; undefined where the signal was aborted first. */
export async function persist<T>(
  ask: () => Promise<T>,
  { signal, onFailure = () => {}, wait = waitUnlessAborted, random = Math.random }: Persistence,
): Promise<T | undefined> {
  for (let tries = 0; !signal.aborted; tries++) {
    try {
      return await ask()
    } catch (error) {
      onFailure(error)
      const most = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** tries)
      await wait(most * (0.5 + random() / 2), signal)
    }
  }
  return undefined
}

async function waitUnlessAborted(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {})
}
