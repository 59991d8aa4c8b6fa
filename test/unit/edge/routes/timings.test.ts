import { expect, it } from 'vitest'
import { createTimings } from '../../../../edge/routes/timings.ts'

it('tells every step in order, and the whole time last', async () => {
  const clock = { now: 5 }
  const timings = createTimings(() => clock.now)
  expect(timings.header()).toBe('total;dur=0.0')
  const until = (ms: number) => async () => {
    clock.now = ms
    return ms
  }
  expect(await timings.time('auth', until(8.25))).toBe(8.25)
  await timings.time('host', until(20))
  clock.now = 21
  expect(timings.header()).toBe('auth;dur=3.3,host;dur=11.8,total;dur=16.0')
})

it('does not note a step that failed', async () => {
  const timings = createTimings(() => 0)
  await expect(timings.time('host', () => Promise.reject(new RangeError('no')))).rejects.toThrow('no')
  expect(timings.header()).toBe('total;dur=0.0')
})
