import type { Reporter, TestModule } from 'vitest/node'
import { attackTable, rowsOfRun } from './table.ts'

/** What became of the attacks of a run, by kind, above its closing line. */
export default class ClosingTable implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    if (modules.some(({ project }) => project.name === 'attack'))
      process.stdout.write(`\n${attackTable(rowsOfRun())}\n\n`)
  }
}
