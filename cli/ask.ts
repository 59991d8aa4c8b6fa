import { createInterface, type Interface } from 'node:readline/promises'
import { CliError } from './context.ts'

/**
 * Asks whoever sits at the terminal. Lines that are there before their question, typed ahead or pasted together, answer the
 * questions in turn.
 * @param signal aborted by Ctrl-C, which ends the question
 */
export function createTerminal(signal: AbortSignal) {
  const ahead: string[] = []
  let open: { terminal: Interface; ended: Promise<never> } | undefined

  function opened() {
    const terminal = createInterface({ input: process.stdin, output: process.stdout })
    // Readline takes Ctrl-C for itself while it reads.
    terminal.on('SIGINT', () => process.kill(process.pid, 'SIGINT'))
    terminal.on('line', (line) => ahead.push(line))
    const ended = new Promise<never>((_, reject) =>
      terminal.once('close', () =>
        reject(new CliError('unanswered', 'The input ended before the last answer, so nothing was done.')),
      ),
    )
    // Nobody may be asking when it ends.
    ended.catch(() => {})
    return { terminal, ended }
  }

  return {
    /** Gives the typed line. @throws CliError unanswered where the input ends, as by Ctrl-D; AbortError after Ctrl-C */
    async ask(question: string): Promise<string> {
      open ??= opened()
      const { terminal, ended } = open
      const line = ahead.shift()
      if (line === undefined) return Promise.race([terminal.question(question, { signal }), ended])
      process.stdout.write(`${question}${line}\n`)
      return line
    },
    /** Gives the terminal back; without that it keeps the process waiting. */
    close(): void {
      open?.terminal.close()
    },
  }
}
