import { fileURLToPath } from 'node:url'
import type { TestProject } from 'vitest/node'
import { type Stack, startStack } from '../../local/stack.ts'
import type { StackFile } from '../../local/stack-file.ts'
import { testCatalog } from './plans.ts'

declare module 'vitest' {
  interface ProvidedContext {
    stack: StackFile
    /** Folder of the stack: the issuer's keys lie in it. */
    stackDir: string
  }
}

export const EXTENSION_ORIGIN = 'chrome-extension://abcdefghijklmnopabcdefghijklmnop'

/** Runs the whole stack for the tests, as `npm start` does, on free ports. */
export default async function runningStack(project: TestProject) {
  const dir = fileURLToPath(new URL('../../.local/test-stack', import.meta.url))
  const lines: string[] = []
  const stack: Stack = await startStack({
    dir,
    port: 0,
    models: [],
    device: 'cpu',
    // CI has the real one; elsewhere the embedded one serves.
    redis: process.env.CI ? 'redis-server' : 'auto',
    say: (part, line) => lines.push(`${part} ${line}`),
    edgeVariables: { ALLOWED_ORIGINS: `https://app.example,${EXTENSION_ORIGIN}`, BODY_LIMIT_BYTES: '65536' },
    catalog: testCatalog,
  })
  project.provide('stack', stack.file)
  project.provide('stackDir', dir)
  return () => stack.stop()
}
