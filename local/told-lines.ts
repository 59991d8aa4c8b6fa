import { createLedgerLine } from './ledger-line.ts'

/** What the host logs of its usual life. Whatever else it says after its start is worth a look. */
const USUAL_OF_THE_HOST = /^(listening|memory|device|batching|loading|model|ready|draining|stopped)\b/

/**
 * Builds the function that picks what a terminal shows of the lines that parts print. Without `verbose` that is what went
 * wrong, and what was charged.
 * @returns the line to show; undefined to show none
 */
export function createToldLines(verbose: boolean) {
  const ledgerLine = createLedgerLine()
  return function toldLine(part: string, line: string): string | undefined {
    const text = part === 'edge' ? ledgerLine(line) : line
    if (text === undefined || verbose || text !== line) return text
    if (part === 'edge') return /^\{("mode":"emulators",)?"level":"info",/.test(text) ? undefined : text
    if (part === 'host') return USUAL_OF_THE_HOST.test(text) ? undefined : text
    if (part === 'postgres') return text.startsWith('up as process ') ? undefined : text
    return text
  }
}
