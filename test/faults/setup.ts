import { appendFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { type HostAddress, startChatHost } from './host.ts'
import { buildProcesses } from './processes.ts'
import { clearRows } from './table.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The host of the whole run. */
    host: HostAddress
    /** A file with one line of JSON for each request that it has ended. */
    hostRuns: string
  }
}

/** One host for all the faults, and an empty table of what became of them. */
export default async function faultsRun(project: TestProject) {
  const dir = await mkdtemp(join(tmpdir(), 'twohop-faults-'))
  const runs = join(dir, 'runs.jsonl')
  await clearRows()
  await buildProcesses()
  const host = await startChatHost((run) => appendFileSync(runs, `${JSON.stringify(run)}\n`))
  project.provide('host', host.address)
  project.provide('hostRuns', runs)
  return async () => {
    await host.stop()
    await rm(dir, { recursive: true, force: true, maxRetries: 10 })
  }
}
