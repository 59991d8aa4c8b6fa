import { execFile } from 'node:child_process'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { TestProject } from 'vitest/node'
import type { StackFile } from '../../local/stack-file.ts'
import { mediaCatalog } from '../fixtures/media-catalog.ts'
import { startMediaHost } from '../fixtures/media-host.ts'
import { testCatalog } from '../fixtures/stack/plans.ts'
import { startTestStack } from '../fixtures/stack/start-test-stack.ts'
import { installOwnPackages } from '../own-packages.ts'
import { startBusyHost } from './busy-host.ts'
import { installPythonClients } from './python-clients.ts'
import { startTinyHost } from './tiny-host.ts'

declare module 'vitest' {
  interface ProvidedContext {
    stack: StackFile
    stackDir: string
    pace: string
    /** Variables of an edge before the stack's parts, whatever it runs on. */
    edgeVariables: Record<string, string>
    /** An edge before a host that takes every other request only (busy-host.ts), and one before a host that nobody runs. */
    busyEdge: string
    hostlessEdge: string
    /** An edge before a host with the tiny models of sounds and images, by the catalog of test/fixtures/media-catalog.ts. */
    mediaEdge: string
    /** An edge before a host of tiny models for the hub's tasks that no embedded model has (tiny-host.ts). */
    tinyEdge: string
    /** A Python that has the clients of requirements.txt; or why there is none. */
    python: { command: string } | { missing: string }
  }
}

const ROOT = join(import.meta.dirname, '../..')
/** Nothing listens on the discard port of a test machine. */
const NOBODY = 'http://127.0.0.1:9'

/** The clients are installed once, checked against their types, and find one stack that all of them use. */
export default async function clientsRun(project: TestProject) {
  const [python, { stack, dir, pace }] = await Promise.all([
    installPythonClients(),
    startTestStack('test-clients', { ledger: true, edgeVariables: {}, catalog: testCatalog }),
    installOwnPackages('test/clients').then(checkTypes),
  ])
  const signingKey = stack.edgeVariables.SERVICE_TOKEN_PRIVATE_KEY ?? ''
  const busyHost = await startBusyHost(stack.file.host.url)
  const [tinyHost, mediaHost] = await Promise.all([
    startTinyHost(signingKey, stack.file.catalog),
    startMediaHost(signingKey),
  ])
  const [busy, hostless, tiny, media] = await Promise.all([
    stack.startEdge(0, { HOST_URL: busyHost.url }),
    stack.startEdge(0, { HOST_URL: NOBODY }),
    stack.startEdge(0, { HOST_URL: tinyHost.url, CATALOG: JSON.stringify(tinyHost.catalog) }),
    stack.startEdge(0, {
      HOST_URL: mediaHost.url,
      CATALOG: JSON.stringify(mediaCatalog),
      MEDIA_BODY_BYTES: '600000',
    }),
  ])
  project.provide('stack', stack.file)
  project.provide('stackDir', dir)
  project.provide('pace', pace)
  project.provide('edgeVariables', stack.edgeVariables)
  project.provide('busyEdge', busy.ready.url)
  project.provide('hostlessEdge', hostless.ready.url)
  project.provide('mediaEdge', media.ready.url)
  project.provide('tinyEdge', tiny.ready.url)
  project.provide('python', python)
  return async () => {
    await busyHost.stop()
    await mediaHost.stop()
    await stack.stop()
    await tinyHost.stop()
  }
}

/**
 * Checks the types of this folder, and of the code on docs/client.md, each block as a file of its own.
 * @throws Error with the compiler's own words
 */
async function checkTypes(): Promise<void> {
  const folder = join(import.meta.dirname, 'node_modules/.client-page')
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  const page = await readFile(join(ROOT, 'docs/client.md'), 'utf8')
  const blocks = [...page.matchAll(/^```ts\n(import [\s\S]*?)^```$/gm)].map(([, code = '']) => code)
  for (const [n, code] of blocks.entries()) await writeFile(join(folder, `block-${n}.ts`), code)
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
  await promisify(execFile)(process.execPath, [tsc, '--noEmit', '-p', 'test/clients'], { cwd: ROOT }).catch(
    ({ stdout }: { stdout: string }) => {
      throw new Error(`The types of test/clients or docs/client.md are wrong:\n${stdout}`)
    },
  )
}
