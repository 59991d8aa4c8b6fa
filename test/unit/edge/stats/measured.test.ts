import { expect, it } from 'vitest'
import { firstTimes, packedMeasured, totalTimes } from '../../../../edge/stats/measured.ts'
import { unpacked } from '../../../../edge/stats/packed.ts'

it('counts a time to the end, and of a stream the time to its first', () => {
  expect(packedMeasured({ totalMs: 99.2 })).toBe(' m4=1 ms=100')
  expect(packedMeasured({ totalMs: 99.2, firstMs: 0.5 })).toBe(' m4=1 ms=100 f0=1 fs=1')
  expect(packedMeasured({ totalMs: -1 })).toBe(' m0=1')
})

it('reads both back', () => {
  const sums = unpacked(' f=3 m5=2 ms=140 f16=1 fs=400000')
  expect(totalTimes(sums)).toEqual({ counts: countsOf(5, 2), sumMs: 140 })
  expect(firstTimes(sums)).toEqual({ counts: countsOf(16, 1), sumMs: 400_000 })
})

const countsOf = (bucket: number, count: number) =>
  Array.from({ length: 17 }, (_, i) => (i === bucket ? count : 0))
