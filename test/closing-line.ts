import type { Reporter, TestModule } from 'vitest/node'

/** Ends a run with one line of counts; what was skipped, and for want of what, stands right above it. */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    let passed = 0
    let failed = errors.length
    const skipped: string[] = []
    for (const module of modules) {
      if (module.children.size === 0 && module.state() === 'failed') failed += 1
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        if (state === 'passed') passed += 1
        else if (state === 'skipped') skipped.push(test.fullName)
        else failed += 1
      }
    }
    for (const name of skipped) process.stdout.write(`not run here: ${name}\n`)
    process.stdout.write(`${passed} passed, ${failed} failed, ${skipped.length} skipped\n`)
  }
}
