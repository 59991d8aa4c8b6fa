/** Calls `then` after so many milliseconds, unless what it returns is called before. */
export type After = (ms: number, then: () => void) => () => void

/** Timers that can be given up together. */
export type Timers = {
  later: After
  /** Resolves after `ms` milliseconds. @throws the signal's reason when it is aborted first. */
  pause(ms: number, signal: AbortSignal): Promise<void>
  /** Gives up all of them: what they were to call is never called. */
  clear(): void
}

function setTimer(ms: number, then: () => void): () => void {
  const timer = setTimeout(then, ms)
  return () => clearTimeout(timer)
}

/** No timers yet. */
export function createTimers(after: After = setTimer): Timers {
  const running = new Set<() => void>()

  function later(ms: number, then: () => void): () => void {
    const cancel = after(ms, () => {
      running.delete(cancel)
      then()
    })
    running.add(cancel)
    return cancel
  }

  return {
    later,
    pause(ms, signal) {
      return new Promise((resolve, reject) => {
        const cancel = later(ms, resolve)
        signal.addEventListener('abort', () => {
          cancel()
          reject(signal.reason)
        })
      })
    },
    clear() {
      for (const cancel of running) cancel()
    },
  }
}
