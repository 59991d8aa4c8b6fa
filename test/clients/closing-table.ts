import type { Reporter, TestModule, TestSpecification } from 'vitest/node'
import { createAskedFor } from '../asked-for.ts'
import { clientsTable, type Row, rowsOfPage } from '../fixtures/clients-table.ts'

/** What each client did with each feature, above the closing line: this run's results, and the page's named holes. */
export default class ClosingTable implements Reporter {
  #specifications: readonly TestSpecification[] = []

  onTestRunStart(specifications: readonly TestSpecification[]): void {
    this.#specifications = specifications
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    const own = modules.filter(({ project }) => project.name === 'clients')
    if (own.length === 0) return
    const page = rowsOfPage()
    const rows = own
      .flatMap((module) => [...module.children.allTests()])
      .filter(createAskedFor(this.#specifications))
      .map((test): Row => {
        const client = test.parent.type === 'suite' ? test.parent.name : ''
        const [feature = '', reason] = test.name.split(' not run: ')
        const { state } = test.result()
        const here = state === 'passed' ? 'ok' : state === 'skipped' ? `not run: ${reason ?? ''}` : 'FAILED'
        return { client, version: page.find((row) => row.client === client)?.version ?? '', feature, here }
      })
    const holes = page.filter(({ here }) => here !== 'ok')
    process.stdout.write(`\n${clientsTable([...rows, ...holes])}\n\n`)
  }
}
