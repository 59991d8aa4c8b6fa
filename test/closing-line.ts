import type { Reporter, TestCase, TestModule, TestRunEndReason, TestSpecification } from 'vitest/node'
import { createAskedFor, isOfBrokenSuite } from './asked-for.ts'

/** As many failures as are named again at the end; what a log keeps of a long run is often its last lines only. */
const NAMED = 40

/**
 * Ends a run with one line of counts; what failed, what passed at its second try only, and what was skipped for want of what,
 * stand right above it. What nobody asked for (`-t`) is only counted; where that is all, the run fails, because it has shown nothing.
 */
export default class ClosingLine implements Reporter {
  #specifications: readonly TestSpecification[] = []

  onTestRunStart(specifications: readonly TestSpecification[]): void {
    this.#specifications = specifications
  }

  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[], reason: TestRunEndReason): void {
    const askedFor = createAskedFor(this.#specifications)
    let passed = 0
    let asked = 0
    let leftOut = 0
    const skipped: string[] = []
    const again: string[] = []
    const failed = errors.map((error) => `outside of any test: ${firstLine(error)}`)
    for (const module of modules) {
      for (const error of module.errors()) failed.push(`${module.relativeModuleId}: ${firstLine(error)}`)
      for (const suite of module.children.allSuites()) {
        for (const error of suite.errors())
          failed.push(`${module.relativeModuleId} > ${suite.fullName}: ${firstLine(error)}`)
      }
      for (const test of module.children.allTests()) {
        if (!askedFor(test)) {
          leftOut += 1
          continue
        }
        asked += 1
        const { state } = test.result()
        if (state === 'passed') passed += 1
        if (test.diagnostic()?.flaky) again.push(failureOf(test))
        if (state === 'skipped' && !isOfBrokenSuite(test)) skipped.push(test.fullName)
        if (state === 'failed') failed.push(failureOf(test))
      }
    }
    if (leftOut > 0 && asked === 0) {
      failed.push('no test has a name that fits -t: names are written as "suite > test"')
      process.exitCode = 1
    }
    // What Ctrl-C or --bail cut off counts as skipped too.
    if (reason !== 'interrupted') for (const name of skipped) process.stdout.write(`not run here: ${name}\n`)
    for (const line of again.slice(0, NAMED)) process.stdout.write(`passed when tried again: ${line}\n`)
    for (const line of failed.slice(0, NAMED)) process.stdout.write(`failed: ${line}\n`)
    if (failed.length > NAMED) process.stdout.write(`failed: ${failed.length - NAMED} more\n`)
    if (leftOut > 0) process.stdout.write(`left out, because they were not asked for: ${leftOut}\n`)
    process.stdout.write(`${passed} passed, ${failed.length} failed, ${skipped.length} skipped\n`)
  }
}

/** Where a failed test stands and the first line of what it says. */
function failureOf(test: TestCase): string {
  return `${test.module.relativeModuleId} > ${test.fullName}: ${firstLine(test.result().errors?.[0])}`
}

function firstLine(error: unknown): string {
  const said = typeof error === 'object' && error !== null && 'message' in error ? error.message : error
  return String(said).split('\n', 1)[0]?.slice(0, 200) ?? ''
}
