/** What a command sees of the world, so that tests can stand in for it. */
export type CliContext = {
  /** Writes results. */
  out: (text: string) => void
  /** Writes everything else. */
  err: (text: string) => void
  /** Whether results go to a terminal that shows colours. */
  colour: boolean
  /** Aborted by Ctrl-C. */
  signal: AbortSignal
}

/**
 * A failure to be told to the user by its message alone. `usage` is for what was typed wrong (exit code 2), everything
 * else ends with 1.
 */
export class CliError extends Error {
  readonly code: string

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
