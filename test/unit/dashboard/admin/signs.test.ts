import { expect, it } from 'vitest'
import { reasonsOf } from '../../../../dashboard/admin/signs.ts'
import { ANOMALY } from '../../../../edge/budget/anomaly.ts'

it('says why a score is what it is, the most first', () => {
  expect(reasonsOf('age=9 rate=30 country=25')).toBe(
    'asks far more often than usual (30), from a country where it never was (25), new (9)',
  )
  expect(reasonsOf('')).toBe('')
  expect(reasonsOf('newer=3 broken')).toBe('newer (3)')
})

it('has words for every sign', () => {
  for (const sign of Object.keys(ANOMALY.points)) expect(reasonsOf(`${sign}=1`), sign).not.toBe(`${sign} (1)`)
})
