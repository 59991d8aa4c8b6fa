import { expect, test } from 'vitest'
import { selfTimes } from '../../../../bench/edge/profile.ts'

const node = (id: number, functionName: string, lineNumber: number) => ({
  id,
  callFrame: { functionName, lineNumber },
})

test('a function has the time of its own samples, wherever it was called from, and idle time is nobody’s', () => {
  const profile = {
    nodes: [
      node(1, '(root)', -1),
      node(2, '(idle)', -1),
      node(3, 'sign', 41),
      node(4, 'fetch', -1),
      node(5, 'sign', 41),
      node(6, '', 6),
    ],
    samples: [2, 3, 4, 5, 6, 2],
    timeDeltas: [1000, 20, 300, 40, 5, 9000],
  }
  expect(selfTimes(profile)).toEqual([
    { name: 'fetch', micros: 300 },
    { name: 'sign:42', micros: 60 },
    { name: 'anonymous:7', micros: 5 },
  ])
})
