import type { TestCase, TestModule, TestSpecification, TestSuite } from 'vitest/node'

/**
 * Whether a run was asked for a test: `-t` leaves out those of other names, `FILE:LINE` those that stand elsewhere in the file.
 * Vitest counts them as skipped, as it does what the machine cannot run.
 */
export function createAskedFor(specifications: readonly TestSpecification[]): (test: TestCase) => boolean {
  return function askedFor(test) {
    const pattern = test.project.vitest.getGlobalTestNamePattern()
    if (pattern && test.fullName.search(pattern) === -1) return false
    const lines = specifications.find(({ testModule }) => testModule === test.module)?.testLines ?? []
    return lines.length === 0 || withSuites(test).some(({ location }) => lines.includes(location?.line ?? 0))
  }
}

/** Whether it did not run because a hook around it failed, or its file. */
export const isOfBrokenSuite = ({ module, parent }: TestCase): boolean =>
  module.errors().length > 0 || suitesFrom(parent).some((suite) => suite.errors().length > 0)

/** A test and the suites around it. */
const withSuites = (test: TestCase) => [test, ...suitesFrom(test.parent)]

const suitesFrom = (one: TestSuite | TestModule): TestSuite[] =>
  one.type === 'module' ? [] : [one, ...suitesFrom(one.parent)]
