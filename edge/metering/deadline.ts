/** The end of a call to the host: the client goes away, or its time is over. */
export type Deadline = {
  /** Aborts with the client's reason, or with a TimeoutError. */
  signal: AbortSignal
  /** Stops the timer. To be called when nothing is waited for any more. */
  clear(): void
}

/**
 * A deadline whose timer can be stopped: that of `AbortSignal.timeout` goes on for as long as it was to take, also when the
 * answer has come.
 * @param ms milliseconds from now
 */
export function createDeadline(client: AbortSignal, ms: number): Deadline {
  const controller = new AbortController()
  const onClient = () => controller.abort(client.reason)
  const timer = setTimeout(
    () => controller.abort(new DOMException('The deadline has passed.', 'TimeoutError')),
    ms,
  )
  if (client.aborted) onClient()
  else client.addEventListener('abort', onClient, { once: true })
  return {
    signal: controller.signal,
    clear() {
      clearTimeout(timer)
    },
  }
}

/** Whether a signal's reason, or what it made fail, is a time-out. */
export function timedOut(reason: unknown): boolean {
  return reason instanceof DOMException && reason.name === 'TimeoutError'
}
