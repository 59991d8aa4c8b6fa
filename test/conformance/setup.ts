import type { TestProject } from 'vitest/node'
import type { StackFile } from '../../local/stack-file.ts'
import { testCatalog, withPoorPlan } from '../fixtures/stack/plans.ts'
import { startTestStack } from '../fixtures/stack/start-test-stack.ts'
import { clearCells } from './table.ts'

declare module 'vitest' {
  interface ProvidedContext {
    stack: StackFile
    stackDir: string
    pace: string
    /** Variables of an edge before the stack's parts, whatever it runs on. */
    edgeVariables: Record<string, string>
  }
}

export const WEB_ORIGIN = 'https://app.example'

/** Milliseconds that a body may take in these tests. */
export const BODY_TIMEOUT_MS = 1000

/** One host, one Redis, one ledger and the edge in workerd, for the edges of all runtimes. */
export default async function conformanceRun(project: TestProject) {
  await clearCells()
  const { stack, dir, pace } = await startTestStack('test-conformance', {
    ledger: true,
    edgeVariables: { ALLOWED_ORIGINS: WEB_ORIGIN, BODY_TIMEOUT_MS: String(BODY_TIMEOUT_MS) },
    catalog: (catalog) => withPoorPlan(testCatalog(catalog)),
  })
  project.provide('stack', stack.file)
  project.provide('stackDir', dir)
  project.provide('pace', pace)
  project.provide('edgeVariables', stack.edgeVariables)
  return () => stack.stop()
}
