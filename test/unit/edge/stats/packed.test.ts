import { expect, it } from 'vitest'
import { packed, unpacked } from '../../../../edge/stats/packed.ts'

it('packs sums into a text that gives them back, without those that are nothing', () => {
  const sums = new Map([
    ['o', 12],
    ['rate_limited', 3],
    ['n', -4],
    ['big', Number.MAX_SAFE_INTEGER],
  ])
  const text = packed([...sums, ['none', 0]])
  expect(text).toBe(' o=12 rate_limited=3 n=-4 big=9007199254740991')
  expect(unpacked(text)).toEqual(sums)
  expect(packed([])).toBe('')
  expect(unpacked('')).toEqual(new Map())
})

it('leaves out what it cannot read', () => {
  expect([...unpacked(' o=1 x=1.5 =2 y= z=7e3 p=2')]).toEqual([
    ['o', 1],
    ['p', 2],
  ])
})
