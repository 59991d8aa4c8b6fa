import { expect, it } from 'vitest'
import { loadText, readLoad } from '../../../shared/host-load.ts'

it('is read as it is written', () => {
  for (const load of [
    { requests: 0, places: 1, draining: false },
    { requests: 999_999, places: 999_999, draining: true },
  ])
    expect(readLoad(loadText(load))).toEqual(load)
  expect(loadText({ requests: 3, places: 4, draining: true })).toBe('3/4; draining')
})

it('is nothing in any other form', () => {
  for (const header of [
    null,
    '',
    '1/0',
    '-1/8',
    '1.5/8',
    '1/8 ',
    '1/8; draining; x',
    '1234567/8',
    'x'.repeat(9999),
  ])
    expect(readLoad(header)).toBeUndefined()
})
