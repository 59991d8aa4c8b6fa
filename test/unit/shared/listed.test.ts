import { expect, it } from 'vitest'
import { entriesOf, ofEntry } from '../../../shared/listed.ts'

it('reads the entries of a list, and names one by its place where there are several', () => {
  expect(entriesOf(' a, ,b c,')).toEqual(['a', 'b c'])
  expect(entriesOf('')).toEqual([])
  expect(ofEntry(0, 1, 'is wrong')).toBe('is wrong')
  expect(ofEntry(1, 2, 'is wrong')).toBe('entry 2 is wrong')
})
