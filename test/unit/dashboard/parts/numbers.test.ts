import { expect, it } from 'vitest'
import { counted, inShort, lasting, took } from '../../../../dashboard/parts/numbers.ts'

it.each([
  [0, '0 s'],
  [0.2, '1 s'],
  [59, '59 s'],
  [60, '1 min'],
  [3600, '1 h'],
  [3661, '1 h 1 min'],
  [86_400 + 59, '1 d'],
  [3 * 86_400 + 4 * 3600 + 59, '3 d 4 h'],
  [-5, '0 s'],
])('%d seconds last %s', (seconds, text) => {
  expect(lasting(seconds)).toBe(text)
})

it('counts and times are written as people read them', () => {
  expect([counted(1234567), inShort(12_345), took(340.4), took(2449)]).toEqual([
    '1,234,567',
    '12.3K',
    '340 ms',
    '2.4 s',
  ])
})
