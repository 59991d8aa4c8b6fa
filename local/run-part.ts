/** A running part: what it reports, and how to end it. */
export type Running = {
  /** Sent to the parent as `{type: 'ready', ...}`. */
  ready: object
  /** Settles with the reason when the part ended by itself. */
  failed?: Promise<Error>
  stop(): Promise<void>
}

/**
 * Runs a part as a process of its own. It starts the part and tells the parent. It ends the part on SIGTERM, on SIGINT
 * and with the parent, also while it is still starting. An error is one line on stderr and exit code 1.
 */
export async function runPart(name: string, start: () => Promise<Running>): Promise<void> {
  let stopping = false
  const starting = start()

  async function stop(code: number): Promise<void> {
    if (stopping) return
    stopping = true
    const running = await starting.catch(() => undefined)
    await running?.stop()
    process.exit(code)
  }
  function fail(error: unknown): void {
    if (stopping) return
    process.stderr.write(`${name}: ${error instanceof Error ? error.message : error}\n`)
    void stop(1)
  }

  process.on('SIGTERM', () => void stop(0))
  process.on('SIGINT', () => void stop(0))
  process.on('disconnect', () => void stop(0))
  try {
    const { ready, failed } = await starting
    void failed?.then(fail)
    if (!stopping) process.send?.({ type: 'ready', ...ready })
  } catch (error) {
    fail(error)
  }
}
