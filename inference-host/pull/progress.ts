import type { Progress } from './pull.ts'

/** The part of a terminal or file that is written to. */
export type Output = { write: (text: string) => unknown; isTTY?: boolean; columns?: number }

const REDRAW_MS = 100
const BAR = 24

/**
 * Shows files on their way: on a terminal one bar that is redrawn in place, elsewhere one plain line a file.
 * @param now Milliseconds, from any start.
 * @returns What to call with each progress, and `end` to call once before anything else is written.
 */
export function progressReporter(
  output: Output,
  now: () => number,
): { report: (progress: Progress) => void; end: () => void } {
  let drawn = false
  let last = Number.NEGATIVE_INFINITY
  const clear = () => {
    if (drawn) output.write('\r\x1b[K')
    drawn = false
  }
  const report = (progress: Progress) => {
    if (progress.done) {
      clear()
      output.write(`${progress.model}: ${progress.file} ${humanSize(progress.bytes)}\n`)
    } else if (output.isTTY && now() - last >= REDRAW_MS) {
      last = now()
      output.write(`\r\x1b[K${bar(progress).slice(0, (output.columns ?? 80) - 1)}`)
      drawn = true
    }
  }
  return { report, end: clear }
}

function bar({ model, file, received, bytes }: Progress): string {
  const share = bytes === 0 ? 1 : Math.min(1, received / bytes)
  const full = Math.floor(share * BAR)
  const percent = String(Math.floor(share * 100)).padStart(3)
  const amount = `${humanSize(received)} of ${humanSize(bytes)}`
  return `[${'#'.repeat(full)}${'.'.repeat(BAR - full)}] ${percent} % ${amount}  ${model}: ${file}`
}

/** Bytes as people read them, in decimal units as disks and networks are sold. */
export function humanSize(bytes: number): string {
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`
}
