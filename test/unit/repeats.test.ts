import { expect, it } from 'vitest'
import { failuresIn, isGreen, runOf } from '../fixtures/repeats.ts'

const RACE = 'test/stack/a.test.ts > a stream > ends: expected 500 to be 499'

it('a run is green that came to its end with nothing failed', () => {
  const green = runOf([' ✓ one', 'not run here: a model (none is here)', '3 passed, 0 failed, 1 skipped'])
  expect(green).toEqual({ counts: '3 passed, 0 failed, 1 skipped', failed: [] })
  expect(isGreen(green)).toBe(true)
  expect(isGreen(runOf([`failed: ${RACE}`, '2 passed, 1 failed, 0 skipped']))).toBe(false)
})

it('a run that was cut off is not green', () => {
  expect(runOf(['', ' ✓ one'])).toEqual({ counts: undefined, failed: [] })
  expect(isGreen(runOf([]))).toBe(false)
})

it('a test is named once, with how often it failed, whatever it said', () => {
  const runs = [
    runOf([`failed: ${RACE}`, 'failed: outside of any test: ECONNRESET']),
    runOf(['3 passed, 0 failed, 0 skipped']),
    runOf(['failed: test/stack/a.test.ts > a stream > ends: timed out', '2 passed, 1 failed, 0 skipped']),
  ]
  expect(failuresIn(runs)).toEqual([
    { test: 'test/stack/a.test.ts > a stream > ends', times: 2 },
    { test: 'outside of any test', times: 1 },
  ])
})
