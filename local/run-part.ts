/** What a part's process runs: how to say where it is, and how to end it. */
export type Running = {
  /** Sent to the parent as `{type: 'ready', ...}`. */
  ready: object
  /** Settles, with the reason, when it ended by itself. */
  failed?: Promise<Error>
  stop(): Promise<void>
}

/**
 * Runs a part as a process of its own: starts it, tells the parent, and ends it on SIGTERM, SIGINT or with the parent,
 * also where that comes while it is still starting. What goes wrong is one line on stderr and exit code 1.
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
