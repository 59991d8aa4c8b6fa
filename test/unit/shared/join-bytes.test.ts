import { expect, it } from 'vitest'
import { joinBytes } from '../../../shared/join-bytes.ts'

it('puts pieces behind each other, in memory that none of them shares', () => {
  const all = new Uint8Array([1, 2, 3, 4, 5])
  const joined = joinBytes([all.subarray(0, 2), new Uint8Array(), all.subarray(2)])
  expect([...joined]).toEqual([1, 2, 3, 4, 5])
  all.fill(0)
  expect([...joined]).toEqual([1, 2, 3, 4, 5])
  expect(joinBytes([])).toHaveLength(0)
})
