import type { TestProject } from 'vitest/node'
import { planLike, planOf } from '../fixtures/catalog.ts'
import { attackedStack } from '../fixtures/stack/attacked-stack.ts'
import { clearRows } from './table.ts'

/** The stack of the attacks, with a plan that asks for short answers. */
export default async function fuzzedStack(project: TestProject) {
  await clearRows()
  return attackedStack(project, 'test-fuzz', (catalog) => {
    const limits = { output_tokens_default: 2, output_tokens_max: 16 }
    return { ...catalog, plans: [...catalog.plans, planLike(planOf('roomy', catalog), 'short', { limits })] }
  })
}
