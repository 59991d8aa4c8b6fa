import { expect, it } from 'vitest'
import { dayName, lastDays, monthName, monthsOf } from '../../../../dashboard/parts/days.ts'

it('the last days end with the one that it is in UTC, over the end of a month', () => {
  expect(lastDays(3, Date.parse('2026-12-01T00:00:00Z'))).toEqual(['2026-11-29', '2026-11-30', '2026-12-01'])
  expect(lastDays(1, Date.parse('2026-11-30T23:59:59.999Z'))).toEqual(['2026-11-30'])
})

it('a day has the name of that day, wherever its reader is', () => {
  expect(dayName('2026-11-29')).toMatch(/29/)
})

it('knows the months from one to another, over the end of a year, and their names', () => {
  expect(monthsOf('2025-11', '2026-02')).toEqual(['2025-11', '2025-12', '2026-01', '2026-02'])
  expect(monthsOf('2026-02', '2026-01')).toEqual([])
  expect(monthName('2026-11')).toMatch(/2026/)
})
