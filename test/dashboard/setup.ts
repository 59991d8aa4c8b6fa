import type { TestProject } from 'vitest/node'
import { pageOrigins } from '../../local/page-origins.ts'
import { startTestStack } from '../stack/start-test-stack.ts'

/** The stack as `npm start` runs it, whose edge has the dashboard. */
export default async function dashboardAndStack(project: TestProject) {
  const { stack, dir, pace } = await startTestStack('test-dashboard', {
    edgeVariables: { ALLOWED_ORIGINS: pageOrigins([]) },
  })
  project.provide('stack', stack.file)
  project.provide('stackDir', dir)
  project.provide('pace', pace)
  return () => stack.stop()
}
