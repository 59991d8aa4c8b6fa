import type { Reporter, TestModule } from 'vitest/node'
import { faultTable, rowsOfRun } from './table.ts'

/** What became of the faults that a run brought about, above its closing line. */
export default class ClosingTable implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    if (modules.some(({ project }) => project.name === 'faults'))
      process.stdout.write(`\n${faultTable(rowsOfRun())}\n\n`)
  }
}
