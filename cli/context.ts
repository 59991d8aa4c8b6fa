/** What a command sees of the world; tests pass their own. */
export type CliContext = {
  /** Writes results. */
  out: (text: string) => void
  /** Writes everything else. */
  err: (text: string) => void
  /** Whether results go to a terminal that shows colours. */
  colour: boolean
  /** Asks a question and gives the typed line; none where nobody sits at a terminal. */
  ask?: ((question: string) => Promise<string>) | undefined
  /** Aborted by Ctrl-C. */
  signal: AbortSignal
}

/**
 * A failure that the user sees as its message. `usage` is for a mistyped command (exit code 2); the rest exit with 1.
 */
export class CliError extends Error {
  readonly code: string

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
