import type { Reporter, TestModule } from 'vitest/node'
import { fuzzTable, lastRun } from './table.ts'

/** What was answered to the requests of a run, above its closing line. */
export default class ClosingTable implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const run = lastRun()
    if (run && modules.some(({ project }) => project.name === 'fuzz'))
      process.stdout.write(`\n${fuzzTable(run)}\n\n`)
  }
}
