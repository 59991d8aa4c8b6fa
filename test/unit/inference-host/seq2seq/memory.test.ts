import { expect, test } from 'vitest'
import { admissible, needOf } from '../../../../inference-host/seq2seq/memory.ts'

const BYTES = { read: 10, written: 1 }

const row = (length: number, most: number, background = false) => ({
  request: { text: Array<number>(length).fill(1), most, background },
})

test('rows need what the longest text and the longest answer take, for each and once more', () => {
  expect(needOf([], BYTES)).toBe(0)
  expect(needOf([row(3, 5)], BYTES)).toBe(2 * (30 + 10))
  expect(needOf([row(3, 5), row(2, 7)], BYTES)).toBe(3 * (30 + 14))
})

test('as many as fit beside those under way may come, in order; nobody overtakes', () => {
  const [small, large, late] = [row(3, 5), row(30, 5), row(3, 5)]
  const beside = [row(3, 5)]
  const limit = needOf([...beside, small], BYTES)
  const come = (memoryBytes: number) =>
    admissible([small, large, late], beside, { bytes: BYTES, memoryBytes })
  expect(come(limit)).toEqual([small])
  expect(come(limit - 1)).toEqual([])
  expect(come(1e9)).toEqual([small, large, late])
})

test('one alone always may', () => {
  const [first, second] = [row(30, 5), row(3, 5)]
  expect(admissible([first, second], [], { bytes: BYTES, memoryBytes: 1 })).toEqual([first])
})

test('what is in the background lets all others go first', () => {
  const [back, front] = [row(3, 5, true), row(3, 6)]
  expect(admissible([back, front], [], { bytes: BYTES, memoryBytes: 1e9 })).toEqual([front, back])
})
