import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, inject, it } from 'vitest'
import { newUser, stack } from '../fixtures/stack/client.ts'

const python = inject('python')
const none = 'missing' in python
const why = none ? ` not run: ${python.missing}` : ''

/** What it may take on a busy machine; an idle one takes a quarter of it. */
const MOST_MS = 170_000
/** Requests of each kind, good and bad, for each operation. */
const EXAMPLES = 4

describe('schemathesis (Python)', { timeout: MOST_MS + 10_000 }, () => {
  it.skipIf(none)(`every operation of /openapi.json${why}`, async () => {
    const text = await run()
    const { length } = Object.values((await document()).paths).flatMap(Object.keys)
    expect(text).toMatch(new RegExp(`Selected: ${length}/${length}\\s+Tested: ${length}\\s`))
    expect(text).not.toContain('Failures:')
  })
})

async function document(): Promise<{ paths: Record<string, Record<string, unknown>> }> {
  return (await fetch(`${stack.edge.url}/openapi.json`)).json()
}

/** Its report. @throws Error with the report, where it found something or did not end */
async function run(): Promise<string> {
  if (none) throw new Error(why)
  const { token } = await newUser('roomy', { role: 'admin' })
  const cwd = await mkdtemp(join(tmpdir(), 'schemathesis-'))
  const args = [
    ...['-m', 'schemathesis.cli', '--config-file', join(import.meta.dirname, 'schemathesis.toml')],
    ...['run', `${stack.edge.url}/openapi.json`, '--no-color', '--header', `Authorization: Bearer ${token}`],
    ...['--seed', '4', '--phases', 'fuzzing', '--max-examples', String(EXAMPLES), '--continue-on-failure'],
    ...['--generation-database', 'none', '--no-shrink', '--request-timeout', '20'],
  ]
  const limits = { cwd, timeout: MOST_MS, maxBuffer: 64 * 1024 * 1024 }
  return new Promise<string>((resolve, reject) => {
    execFile(python.command, args, limits, (error, stdout, stderr) => {
      if (error) reject(new Error(`schemathesis ended with ${error.code}:\n${stdout}${stderr}`))
      else resolve(stdout)
    })
  }).finally(() => rm(cwd, { recursive: true, force: true }))
}
