import { expect, it } from 'vitest'
import { slowestFiles } from '../../slowest-files.ts'

const times = [
  { file: 'a.test.ts', ms: 940 },
  { file: 'b.test.ts', ms: 12_345 },
  { file: 'c.test.ts', ms: 3000 },
]

it('names the slowest first, in seconds that stand under each other', () => {
  expect(slowestFiles(times, 2)).toEqual([
    'The 2 slowest of 3 files, of 16.3 s in all of them:',
    '  12.3 s  b.test.ts',
    '   3.0 s  c.test.ts',
  ])
})

it('names them all where there are fewer, and says nothing of a single file', () => {
  expect(slowestFiles(times, 10)).toHaveLength(4)
  expect(slowestFiles(times.slice(0, 1), 10)).toEqual([])
  expect(slowestFiles([], 10)).toEqual([])
})
