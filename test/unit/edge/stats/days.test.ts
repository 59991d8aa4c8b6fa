import { expect, it } from 'vitest'
import {
  dayFrom,
  dayOf,
  daysOf,
  daysOfMonth,
  elapsedOf,
  lengthOf,
  monthFrom,
  monthNumber,
  monthsOf,
} from '../../../../edge/stats/days.ts'

it('knows the UTC day of a time', () => {
  expect(dayOf(Date.UTC(2026, 10, 21, 23, 59, 59, 999))).toBe('2026-11-21')
  expect(dayOf(Date.UTC(2026, 10, 22))).toBe('2026-11-22')
  expect(dayFrom('2028-03-01', -1)).toBe('2028-02-29')
  expect(dayFrom('2028-13-01', 0)).toBe('')
  expect(dayFrom('2027-02-29', 0)).not.toBe('2027-02-29')
})

it('knows the days and months of a span, both ends included', () => {
  const span = { from: '2026-12-30', to: '2027-01-02' }
  expect(lengthOf(span)).toBe(4)
  expect(daysOf(span)).toEqual(['2026-12-30', '2026-12-31', '2027-01-01', '2027-01-02'])
  expect(monthsOf(span)).toEqual(['2026-12', '2027-01'])
  expect(daysOf({ from: '2026-12-30', to: '2026-12-29' })).toEqual([])
})

it('counts months over the end of a year', () => {
  expect(monthFrom('2026-11', -23)).toBe('2024-12')
  expect(monthFrom('2026-11', 2)).toBe('2027-01')
  expect(monthNumber('2027-01') - monthNumber('2026-11')).toBe(2)
})

it('knows how much of a month has passed, and never nothing', () => {
  expect(elapsedOf(Date.UTC(2026, 10, 16))).toBe(0.5)
  expect(elapsedOf(Date.UTC(2026, 11, 1) - 1)).toBeLessThan(1)
  expect(elapsedOf(Date.UTC(2026, 10, 1))).toBeGreaterThan(0)
  expect([1, 10, 11].map((month) => daysOfMonth(Date.UTC(2028, month, 29)))).toEqual([29, 30, 31])
})
