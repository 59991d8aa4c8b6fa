import type { Reporter, TestModule } from 'vitest/node'
import { cellsOfRun, conformanceTable } from './table.ts'

/** What each runtime did in each case, above the closing line. */
export default class ClosingTable implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    if (modules.some(({ project }) => project.name === 'conformance'))
      process.stdout.write(`\n${conformanceTable(cellsOfRun())}\n\n`)
  }
}
