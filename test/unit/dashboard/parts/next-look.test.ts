import { expect, it } from 'vitest'
import { nextLook } from '../../../../dashboard/parts/next-look.ts'

const pace = { first: 100, longest: 1000 }

it('looks ever less often while nothing changes, and less still while it fails', () => {
  const waits = (outcome: 'same' | 'failed') => {
    let wait = pace.first
    return Array.from({ length: 7 }, () => {
      wait = nextLook(wait, outcome, pace)
      return Math.round(wait)
    })
  }
  expect(waits('same')).toEqual([150, 225, 338, 506, 759, 1000, 1000])
  expect(waits('failed')).toEqual([200, 400, 800, 1000, 1000, 1000, 1000])
  expect(nextLook(1000, 'changed', pace)).toBe(100)
})
