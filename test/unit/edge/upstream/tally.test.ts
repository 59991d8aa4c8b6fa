import { expect, it } from 'vitest'
import { createTallies } from '../../../../edge/upstream/tally.ts'

const CALL = { requestId: 'r1', reserved: { promptTokens: 50, outputTokens: 20 }, deadline: 1000 }

function world(broken: 'reserved' | 'bytes') {
  const clock = { ms: 0 }
  const tallies = createTallies({ broken, now: () => clock.ms })
  return { clock, tallies, tally: tallies.open(CALL), cost: () => tallies.usageOf('r1') }
}

it('counts all that was reserved, until more is known', () => {
  const { clock, tally, cost } = world('reserved')
  clock.ms = 7.5
  expect(cost()).toEqual({ promptTokens: 50, outputTokens: 20, computeMs: 8 })
  tally.counted({ promptTokens: 9 })
  tally.came('text')
  expect(cost()).toEqual({ promptTokens: 9, outputTokens: 20, computeMs: 8 })
  tally.counted({ outputTokens: 3 })
  expect(cost()).toEqual({ promptTokens: 9, outputTokens: 3, computeMs: 8 })
})

it('counts bytes that came, at most what was reserved, and all of it before any came', () => {
  const { tally, cost } = world('bytes')
  expect(cost()?.outputTokens).toBe(20)
  tally.came('é', null, undefined, 'x')
  expect(cost()?.outputTokens).toBe(3)
  tally.came('x'.repeat(100))
  expect(cost()?.outputTokens).toBe(20)
})

it('knows nothing of what computed nothing, of others, and of what ended a minute ago', () => {
  const { clock, tallies, cost } = world('reserved')
  expect(tallies.usageOf('r2')).toBeUndefined()
  clock.ms = 60_999
  expect(cost()).toBeDefined()
  clock.ms = 61_000
  expect(cost()).toBeUndefined()
  tallies.open({ ...CALL, deadline: 200_000 })
  tallies.drop('r1')
  expect(cost()).toBeUndefined()
})
