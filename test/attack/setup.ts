import type { TestProject } from 'vitest/node'
import { attackedStack } from '../fixtures/stack/attacked-stack.ts'
import { withPoorPlan } from '../fixtures/stack/plans.ts'
import { clearRows } from './table.ts'

export default async function attackRun(project: TestProject) {
  await clearRows()
  return attackedStack(project, 'test-attack', withPoorPlan)
}
