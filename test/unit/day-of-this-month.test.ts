import { expect, it } from 'vitest'
import { dayOfThisMonth } from '../fixtures/day-of-this-month.ts'

it.each([
  ['2026-11-29T12:00:00Z', { day: '2026-11-29', dayAfter: '2026-11-30', number: 29, monthAfter: '2026-12' }],
  ['2026-12-31T23:59:59Z', { day: '2026-12-30', dayAfter: '2026-12-31', number: 30, monthAfter: '2027-01' }],
  ['2027-01-01T00:00:00Z', { day: '2027-01-02', dayAfter: '2027-01-03', number: 2, monthAfter: '2027-02' }],
  ['2028-02-29T12:00:00Z', { day: '2028-02-28', dayAfter: '2028-02-29', number: 28, monthAfter: '2028-03' }],
])('the day of the month of %s has one before it and one after it', (now, expected) => {
  const found = dayOfThisMonth(Date.parse(now))
  expect(found).toMatchObject({ ...expected, month: now.slice(0, 7), start: Date.parse(expected.day) })
})
