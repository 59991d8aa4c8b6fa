/** Wakes the one who waits. The next one to wait hears a ring that nobody waited for. */
export type Bell = {
  ring(): void
  /** Resolves with true at the next ring, with false after so many milliseconds. */
  rung(ms?: number): Promise<boolean>
}

export function createBell(): Bell {
  let rang = false
  let answer: (() => void) | undefined
  return {
    ring() {
      rang = true
      answer?.()
    },
    async rung(ms) {
      if (!rang) {
        const heard = Promise.withResolvers<void>()
        answer = heard.resolve
        const timer = ms === undefined ? undefined : setTimeout(heard.resolve, ms)
        await heard.promise
        clearTimeout(timer)
        answer = undefined
      }
      const heard = rang
      rang = false
      return heard
    },
  }
}
