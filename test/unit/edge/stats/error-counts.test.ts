import { expect, it } from 'vitest'
import { createErrorCounts } from '../../../../edge/stats/error-counts.ts'

it('hands counts over once, and takes back what could not be said', () => {
  const errors = createErrorCounts()
  expect(errors.take()).toBe('')
  errors.count('rate_limited')
  errors.count('rate_limited')
  const taken = errors.take()
  expect(taken).toBe(' rate_limited=2')
  expect(errors.take()).toBe('')
  errors.count('internal')
  errors.giveBack(taken)
  expect(errors.take()).toBe(' internal=1 rate_limited=2')
})
