import { expect, it } from 'vitest'
import { MONTH, people } from '../../../../bench/abuse/people.ts'

it('the same seed makes the same month, in order, and another one another', () => {
  const month = people(MONTH, 1)
  expect(people(MONTH, 1)).toEqual(month)
  expect(people(MONTH, 2)).not.toEqual(month)
  expect(month).toHaveLength(Object.values(MONTH).reduce((sum, count) => sum + count, 0))
  for (const { asks } of month) expect(asks).toEqual(asks.toSorted((a, b) => a.at - b.at))
})

it('only those are to be found who do what should be', () => {
  const sought = people(MONTH, 1).filter(({ since }) => since !== undefined)
  expect(new Set(sought.map(({ kind }) => kind))).toEqual(new Set(['stolen key', 'farm']))
})
