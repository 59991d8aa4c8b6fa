import type { TestProject } from 'vitest/node'
import type { StackFile } from '../../local/stack-file.ts'
import type { Catalog } from '../../shared/catalog.ts'
import { withPoorPlan } from '../conformance/setup.ts'
import { testCatalog } from '../stack/plans.ts'
import { startTestStack } from '../stack/start-test-stack.ts'
import { startDoor } from './door.ts'
import { clearRows } from './table.ts'

declare module 'vitest' {
  interface ProvidedContext {
    stack: StackFile
    stackDir: string
    /** An edge whose way to the host is counted, and where the count is. */
    countedEdge: string
    door: string
    /** The edge's key for service tokens, as a private JWK. */
    serviceKey: string
  }
}

/** The one origin whose pages may call. */
export const ORIGIN = 'https://app.example'

export default async function attackRun(project: TestProject) {
  await clearRows()
  return attackedStack(project, 'test-attack', withPoorPlan)
}

/** The whole stack in workerd, as `npm start` runs it, with a count on the way to the host. */
export async function attackedStack(
  project: TestProject,
  name: string,
  catalog: (catalog: Catalog) => Catalog,
) {
  const { stack, dir } = await startTestStack(name, {
    edgeVariables: { ALLOWED_ORIGINS: ORIGIN },
    catalog: (shipped) => catalog(testCatalog(shipped)),
  })
  const door = await startDoor(stack.file.host.url)
  const edge = await stack.startEdge(0, { HOST_URL: door.url })
  project.provide('stack', stack.file)
  project.provide('stackDir', dir)
  project.provide('countedEdge', edge.ready.url)
  project.provide('door', door.url)
  project.provide('serviceKey', stack.edgeVariables.SERVICE_TOKEN_PRIVATE_KEY ?? '')
  return async () => {
    await stack.stop()
    door.stop()
  }
}
