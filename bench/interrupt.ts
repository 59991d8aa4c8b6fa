/** The exit codes that a shell reports for a process that a signal ended: 128 and the signal's number. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const

/**
 * An AbortSignal that Ctrl-C and SIGTERM abort, so that a benchmark ends what it has started. A second signal of the
 * same kind ends this process at once.
 */
export function untilInterrupted(tell: (line: string) => void): AbortSignal {
  const interrupted = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.once(name, () => {
      process.exitCode = EXIT_CODES[name]
      tell('interrupted: ending what runs')
      interrupted.abort(new Error('interrupted'))
    })
  return interrupted.signal
}
