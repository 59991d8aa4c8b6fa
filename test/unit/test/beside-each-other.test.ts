import { expect, it } from 'vitest'
import { besideEachOther } from '../../beside-each-other.ts'

const files = (project: string, ...lengths: number[]) =>
  lengths.map((length, n) => ({ file: `${project}${n + 1}`, project, length }))

it('no two of one project are side by side where there are others, and each keeps its own order', () => {
  const order = besideEachOther([...files('a', 3, 2, 1), ...files('b', 2, 2), ...files('c', 1, 1)], 2)
  expect(order).toEqual(['a1', 'b1', 'b2', 'a2', 'c1', 'a3', 'c2'])
})

it('what has most left goes on beside all others, one after the other', () => {
  const order = besideEachOther([...files('a', 4, 4, 4), ...files('b', 3, 3), ...files('c', 5)], 2)
  expect(order).toEqual(['a1', 'b1', 'c1', 'a2', 'a3', 'b2'])
})

it('a single project runs as it stands, and so does nothing', () => {
  expect(besideEachOther(files('a', 1, 3, 2), 2)).toEqual(['a1', 'a2', 'a3'])
  expect(besideEachOther([], 2)).toEqual([])
})
