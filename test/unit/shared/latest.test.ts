import { expect, it } from 'vitest'
import { latest } from '../../../shared/latest.ts'

it('is made anew where what it is made of is another, and only then', () => {
  const state = { from: { n: 1 } }
  let made = 0
  const double = latest(
    () => state.from,
    ({ n }) => {
      made++
      return 2 * n
    },
  )
  expect([double(), double(), made]).toEqual([2, 2, 1])
  state.from = { n: 3 }
  expect([double(), double(), made]).toEqual([6, 6, 2])
})
