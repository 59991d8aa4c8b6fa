import { appendFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { TestProject } from 'vitest/node'
import { startStack } from '../../local/stack.ts'
import type { StackFile } from '../../local/stack-file.ts'
import type { Catalog } from '../../shared/catalog.ts'
import { planLike, planOf } from '../fixtures/catalog.ts'
import { pacedBy } from '../fixtures/pace.ts'
import { testCatalog } from '../stack/plans.ts'
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

/** With a plan that pays for no answer of more than a few tokens. */
function withPoorPlan(catalog: Catalog): Catalog {
  const poor = planLike(planOf('pro', catalog), 'poor', { budgets: { day: 100, month: 100 } })
  return { ...catalog, plans: [...catalog.plans, poor] }
}

/** One host, one Redis, one ledger and the edge in workerd, for the edges of all runtimes. */
export default async function conformanceRun(project: TestProject) {
  const dir = fileURLToPath(new URL('../../.local/test-conformance', import.meta.url))
  const log = join(dir, 'stack.log')
  const pace = join(dir, 'pace')
  for (const file of [log, pace]) await rm(file, { force: true })
  await clearCells()
  const stack = await startStack({
    dir,
    port: 0,
    models: [],
    device: 'cpu',
    redis: process.env.CI ? 'redis-server' : 'auto',
    ledger: true,
    say: (part, line) => void appendFile(log, `${part} ${line}\n`),
    edgeVariables: {
      ALLOWED_ORIGINS: WEB_ORIGIN,
      BODY_LIMIT_BYTES: '65536',
      BODY_TIMEOUT_MS: String(BODY_TIMEOUT_MS),
    },
    hostVariables: { HOST_JOBS_POLL_SECONDS: '3600', ...pacedBy(pace) },
    catalog: (catalog) => withPoorPlan(testCatalog(catalog)),
  })
  project.provide('stack', stack.file)
  project.provide('stackDir', dir)
  project.provide('pace', pace)
  project.provide('edgeVariables', stack.edgeVariables)
  return () => stack.stop()
}
