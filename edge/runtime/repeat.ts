/**
 * Runs `task` every `everyMs` milliseconds, never twice at once: a run that takes longer is waited for. What it throws is
 * dropped, as it logs its own faults.
 * @returns stops it: no run begins any more, and it settles when the one under way has ended
 */
export function repeat(task: () => Promise<unknown>, everyMs: number): () => Promise<void> {
  let running: Promise<unknown> | undefined
  const timer = setInterval(() => {
    running ??= task()
      .catch(() => {})
      .finally(() => {
        running = undefined
      })
  }, everyMs)
  return async function stop() {
    clearInterval(timer)
    await running
  }
}
