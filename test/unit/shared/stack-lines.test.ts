import { expect, it } from 'vitest'
import { linesAfterMessage } from '../../../shared/stack-lines.ts'

const CANARY = 'canary'

it.each(['', 'x', `two lines\n    at ${CANARY} (a.ts:1:2)`])(
  'are the frames of an error that says %j',
  (message) => {
    const lines = linesAfterMessage(new TypeError(message))
    expect(lines[0]).toMatch(/^ {4}at .*stack-lines\.test\.ts:\d+:\d+/)
    expect(lines.join()).not.toContain(CANARY)
  },
)

it('are none where message or stack was changed afterwards', () => {
  const error = new Error(`x\n    at ${CANARY} (a.ts:1:2)`)
  // V8 writes the stack when it is first read.
  expect(error.stack).toContain(CANARY)
  for (const message of ['', 'E', 'longer than before, and another one']) {
    error.message = message
    expect(linesAfterMessage(error)).toEqual([])
  }
  expect(linesAfterMessage(Object.assign(new Error('x'), { stack: 'elsewhere' }))).toEqual([])
  expect(linesAfterMessage(Object.assign(new Error('x'), { stack: 'Error: x' }))).toEqual([])
})
