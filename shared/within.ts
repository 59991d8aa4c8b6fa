/**
 * What `task` resolves with, within `ms` milliseconds.
 * @param late makes the error for a task that takes longer
 * @throws what `task` throws until then, or what `late` makes
 */
export async function within<T>(ms: number, task: Promise<T>, late: () => Error): Promise<T> {
  const tooLate = Promise.withResolvers<never>()
  const timer = setTimeout(() => tooLate.reject(late()), ms)
  try {
    return await Promise.race([task, tooLate.promise])
  } finally {
    clearTimeout(timer)
  }
}

/** Waits for `task`, for `ms` milliseconds at most. @throws what `task` throws until then */
export async function settledWithin(ms: number, task: Promise<unknown> | undefined): Promise<void> {
  const over = Promise.withResolvers<void>()
  const timer = setTimeout(over.resolve, ms)
  try {
    await Promise.race([task, over.promise])
  } finally {
    clearTimeout(timer)
  }
}

/** What `task` resolves with. It goes on where the signal aborts first. @throws what `task` throws; the signal's reason */
export function orAborted<T>(task: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>()
  const abort = () => aborted.reject(signal.reason)
  if (signal.aborted) abort()
  signal.addEventListener('abort', abort, { once: true })
  return Promise.race([task, aborted.promise]).finally(() => signal.removeEventListener('abort', abort))
}
