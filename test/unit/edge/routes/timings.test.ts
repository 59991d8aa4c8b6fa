import { expect, it } from 'vitest'
import { createTimings } from '../../../../edge/routes/timings.ts'

it('tells every step in order, and the whole time last', () => {
  const clock = { now: 5 }
  const timings = createTimings(() => clock.now)
  expect(timings.header()).toBe('total;dur=0.0')
  const since = timings.now()
  clock.now = 8.25
  timings.step('auth', since)
  clock.now = 20
  timings.step('host', 8.25)
  clock.now = 21
  expect(timings.header()).toBe('auth;dur=3.3,host;dur=11.8,total;dur=16.0')
})
