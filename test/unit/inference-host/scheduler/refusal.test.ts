import { expect, test } from 'vitest'
import type { Pace } from '../../../../inference-host/scheduler/pace.ts'
import { type Arrival, refusalOf } from '../../../../inference-host/scheduler/refusal.ts'

const ARRIVAL: Arrival = {
  model: 'model-1',
  atOnce: false,
  waiting: 5,
  mine: 2,
  ahead: 2,
  left: 10_000,
  outputTokens: 64,
}
const BOUNDS = { limit: 10, accountLimit: 4 }
/** 100 ms a request ahead at least, 300 usually; 1 s of work at least. */
const PACE: Pace = {
  add: () => {},
  leastWait: (ahead) => 100 * ahead,
  usualWait: (ahead) => 300 * (ahead + 1),
  leastTime: () => 1000,
}

test.each<[string, Partial<Arrival>, object | undefined]>([
  ['room and time', {}, undefined],
  ['the last place', { waiting: 9, mine: 3 }, undefined],
  ['full', { waiting: 10 }, { code: 'host_busy', retryAfterMs: 300 }],
  ['full, but a slot is free for it', { waiting: 10, mine: 4, atOnce: true }, undefined],
  ['its share is used up', { mine: 4 }, { code: 'too_many_concurrent', retryAfterMs: 300 }],
  ['its share is used up and all is full', { mine: 4, waiting: 10 }, { code: 'too_many_concurrent' }],
  ['the deadline has passed', { left: 0, atOnce: true }, { code: 'host_timeout' }],
  ['no time for the work', { left: 999, atOnce: true }, { code: 'host_timeout' }],
  ['just time for the work', { left: 1000, atOnce: true }, undefined],
  ['no time for the wait', { left: 1199 }, { code: 'host_busy', retryAfterMs: 900 }],
  ['just time for the wait', { left: 1200 }, undefined],
])('%s', (_name, more, expected) => {
  const refusal = refusalOf({ ...ARRIVAL, ...more }, BOUNDS, PACE)
  if (expected === undefined) expect(refusal).toBeUndefined()
  else expect(refusal).toMatchObject(expected)
})

test('while no pace is known, no Retry-After of its own is named', () => {
  const unknown: Pace = { add: () => {}, leastWait: () => 0, usualWait: () => 0, leastTime: () => 0 }
  expect(refusalOf({ ...ARRIVAL, waiting: 10 }, BOUNDS, unknown)?.retryAfterMs).toBeUndefined()
  expect(refusalOf({ ...ARRIVAL, left: 1 }, BOUNDS, unknown)).toBeUndefined()
})
