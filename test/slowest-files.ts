import type { Reporter, TestModule } from 'vitest/node'

/** A test file and how long it took, its imports and hooks included (ms). */
export type FileTime = { file: string; ms: number }

/** Prints the ten files that took longest, above the closing line: where to look when a run gets slow. */
export default class SlowestFiles implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const times = modules.map((module) => ({
      file: module.relativeModuleId,
      ms: timeOf(module.diagnostic()),
    }))
    for (const line of slowestFiles(times, 10)) process.stdout.write(`${line}\n`)
  }
}

/** Without its setup, in which a file waits for its turn (test/own-turn.ts) while another computes. */
const timeOf = ({ collectDuration, duration }: ReturnType<TestModule['diagnostic']>) =>
  collectDuration + duration

/** One line for each of the `count` slowest, the slowest first, in seconds; none where there is one file only. */
export function slowestFiles(times: readonly FileTime[], count: number): string[] {
  if (times.length < 2) return []
  const all = times.reduce((sum, { ms }) => sum + ms, 0)
  const slowest = times.toSorted((a, b) => b.ms - a.ms).slice(0, count)
  const width = Math.max(...slowest.map(({ ms }) => inSeconds(ms).length))
  return [
    `The ${slowest.length} slowest of ${times.length} files, of ${inSeconds(all)} s in all of them:`,
    ...slowest.map(({ file, ms }) => `${inSeconds(ms).padStart(width + 2)} s  ${file}`),
  ]
}

const inSeconds = (ms: number) => (ms / 1000).toFixed(1)
