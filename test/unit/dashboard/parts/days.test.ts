import { expect, it } from 'vitest'
import { dayName, lastDays } from '../../../../dashboard/parts/days.ts'

it('the last days end with the one that it is in UTC, over the end of a month', () => {
  expect(lastDays(3, Date.parse('2026-12-01T00:00:00Z'))).toEqual(['2026-11-29', '2026-11-30', '2026-12-01'])
  expect(lastDays(1, Date.parse('2026-11-30T23:59:59.999Z'))).toEqual(['2026-11-30'])
})

it('a day has the name of that day, wherever its reader is', () => {
  expect(dayName('2026-11-29')).toMatch(/29/)
})
