import { expect, it } from 'vitest'
import { otherDates } from '../fixtures/other-dates.ts'

const text = (now: string) =>
  Object.fromEntries(otherDates(Date.parse(now)).map(({ name, at }) => [name, new Date(at).toISOString()]))

it('the dates to test under are counted from today', () => {
  expect(text('2026-11-29T10:00:00.000Z')).toEqual({
    now: '2026-11-29T10:00:00.000Z',
    'in-40-days': '2027-01-08T10:00:00.000Z',
    'last-noon': '2026-12-31T12:00:00.000Z',
    'last-minutes': '2026-12-31T23:58:00.000Z',
    'leap-day': '2028-02-29T12:00:00.000Z',
    'in-two-years': '2028-11-28T10:00:00.000Z',
  })
})

it.each([
  [
    '2027-12-31T23:59:00.000Z',
    '2028-12-31T12:00:00.000Z',
    '2028-12-31T23:58:00.000Z',
    '2028-02-29T12:00:00.000Z',
  ],
  [
    '2028-02-29T12:00:00.000Z',
    '2028-12-31T12:00:00.000Z',
    '2028-12-31T23:58:00.000Z',
    '2032-02-29T12:00:00.000Z',
  ],
  [
    '2097-01-01T00:00:00.000Z',
    '2097-12-31T12:00:00.000Z',
    '2097-12-31T23:58:00.000Z',
    '2104-02-29T12:00:00.000Z',
  ],
])('and lie ahead, at %s too', (now, noon, minutes, leap) => {
  expect(text(now)).toMatchObject({ 'last-noon': noon, 'last-minutes': minutes, 'leap-day': leap })
})
